"""Detection: which from-function reads what Lambda has called with."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from cdk_streamer_runtime.contract.streams import StreamSourceKind
from cdk_streamer_runtime.streams.answers import source_of
from cdk_streamer_runtime.streams.json_text import Decode, Json, is_object
from cdk_streamer_runtime.streams.outcome import Outcome, records_of

if TYPE_CHECKING:
    from cdk_streamer_runtime.streams.sources.dynamodb import Images

From = Callable[[Json], Iterator[Outcome]]

# Modules and their functions: a processor loads what it reads, and nothing else.
_BY_KIND = {
    StreamSourceKind.KINESIS: ("kinesis", "from_kinesis"),
    StreamSourceKind.DYNAMODB: ("dynamodb", "from_dynamodb"),
    StreamSourceKind.SQS: ("sqs", "from_sqs"),
    StreamSourceKind.EVENT_BUS: ("eventbridge", "from_sqs_eventbridge"),
}
_BY_SOURCE = {
    "aws:kinesis": ("kinesis", "from_kinesis"),
    "aws:dynamodb": ("dynamodb", "from_dynamodb"),
    "aws:sqs": ("sqs", "from_sqs"),
    "aws:sns": ("sns", "from_sns"),
    "aws:s3": ("s3", "from_s3"),
}
_ALARM = ("alarms", "from_alarm")
_BY_DETAIL_TYPE = {
    "CloudWatch Alarm State Change": _ALARM,
    "CloudWatch Alarm Contributor State Change": _ALARM,
    "Scheduled Event": ("cron", "from_cron"),
}
_ANY_DETAIL = ("eventbridge", "from_eventbridge")


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
    found = _by_event(event, source, kind)
    if found is None:
        raise ValueError(
            f"nobody reads events of {source or 'an unknown source'}; "
            "name the from-function: StreamApp(source=from_kinesis)"
        )
    module, function = found
    return getattr(import_module(f"cdk_streamer_runtime.streams.sources.{module}"), function)


def _by_event(event: Json, source: str | None, kind: str | None) -> tuple[str, str] | None:
    constructed = _BY_KIND.get(StreamSourceKind(kind)) if kind else None
    if source == "aws:sqs" and constructed:
        return constructed
    if source in _BY_SOURCE:
        return _BY_SOURCE[source]
    if is_object(event) and "alarmData" in event:
        return _ALARM
    if is_object(event) and isinstance(event.get("detail-type"), str):
        return _BY_DETAIL_TYPE.get(event["detail-type"], _ANY_DETAIL)
    return constructed


def _options(source: Callable[..., Iterator[Outcome]]) -> frozenset[str]:
    return frozenset(inspect.signature(source).parameters)


def _name(source: Callable[..., Iterator[Outcome]]) -> str:
    return str(getattr(source, "__name__", source))
