"""Detection: which from-function reads what Lambda has called with."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import partial

from cdk_streamer_runtime.contract.streams import StreamSourceKind
from cdk_streamer_runtime.streams.answers import source_of
from cdk_streamer_runtime.streams.json_text import Decode, Json, is_object
from cdk_streamer_runtime.streams.outcome import Outcome, records_of
from cdk_streamer_runtime.streams.sources.alarms import CHANGES, from_alarm
from cdk_streamer_runtime.streams.sources.cron import SCHEDULED, from_cron
from cdk_streamer_runtime.streams.sources.dynamodb import Images, from_dynamodb
from cdk_streamer_runtime.streams.sources.eventbridge import from_eventbridge, from_sqs_eventbridge
from cdk_streamer_runtime.streams.sources.kinesis import from_kinesis
from cdk_streamer_runtime.streams.sources.s3 import from_s3
from cdk_streamer_runtime.streams.sources.sns import from_sns
from cdk_streamer_runtime.streams.sources.sqs import from_sqs

From = Callable[[Json], Iterator[Outcome]]

_BY_KIND: dict[str, Callable[..., Iterator[Outcome]]] = {
    StreamSourceKind.KINESIS: from_kinesis,
    StreamSourceKind.DYNAMODB: from_dynamodb,
    StreamSourceKind.SQS: from_sqs,
    StreamSourceKind.EVENT_BUS: from_sqs_eventbridge,
}
_BY_SOURCE: dict[str, Callable[..., Iterator[Outcome]]] = {
    "aws:kinesis": from_kinesis,
    "aws:dynamodb": from_dynamodb,
    "aws:sqs": from_sqs,
    "aws:sns": from_sns,
    "aws:s3": from_s3,
}


class Sources:
    """Chooses the from-function, and gives it the options that it takes."""

    def __init__(
        self,
        source: Callable[..., Iterator[Outcome]] | None = None,
        *,
        images: Images | None = None,
        decode: Decode | None = None,
    ) -> None:
        """Read with `source` always; raises ValueError for options that it does not take."""
        self._source = source
        self._options = {
            name: value
            for name, value in (("images", images), ("decode", decode))
            if value is not None
        }
        if source is not None:
            for name in self._options.keys() - _options(source):
                raise ValueError(f"{_name(source)} takes no {name!r}; leave it out")

    def reader(self, event: Json, kind: str | None) -> From:
        """Give what reads an event; raises ValueError if it says nothing of where it is from.

        `kind` is what the construct reads, None where no construct has deployed the function.
        """
        source = self._source or _detected(event, kind)
        taken = _options(source) if self._options else frozenset[str]()
        return partial(
            source, **{name: value for name, value in self._options.items() if name in taken}
        )


def _detected(event: Json, kind: str | None) -> Callable[..., Iterator[Outcome]]:
    records = records_of(event)
    source = source_of(records[0]) if records else None
    if source == "aws:sqs" and kind in _BY_KIND:
        return _BY_KIND[kind]
    if source in _BY_SOURCE:
        return _BY_SOURCE[source]
    if is_object(event) and ("alarmData" in event or event.get("detail-type") in CHANGES):
        return from_alarm
    if is_object(event) and event.get("detail-type") == SCHEDULED:
        return from_cron
    if is_object(event) and "detail-type" in event:
        return from_eventbridge
    if kind in _BY_KIND:
        return _BY_KIND[kind]
    raise ValueError(
        f"nobody reads events of {source or 'an unknown source'}; "
        "name the from-function: StreamApp(source=from_kinesis)"
    )


def _options(source: Callable[..., Iterator[Outcome]]) -> frozenset[str]:
    return frozenset(inspect.signature(source).parameters)


def _name(source: Callable[..., Iterator[Outcome]]) -> str:
    return str(getattr(source, "__name__", source))
