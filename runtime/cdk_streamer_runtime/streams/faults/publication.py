"""Publishing faults: originals into the bucket, then the events onto the bus."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cdk_streamer_runtime.contract.streams import (
    BUS_RESOURCE,
    CLAIMS_RESOURCE,
    FAULT_TYPE,
    RECORD_PREFIX,
    ResourceKind,
)
from cdk_streamer_runtime.documents import encode, size
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.streams.claims.packing import claim_of, keep
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.faults.fault import (
    FAULT_BYTES,
    Draft,
    FaultEvent,
    Original,
    bare,
    reduced,
    text_of,
)
from cdk_streamer_runtime.streams.faults.redaction import Redaction
from cdk_streamer_runtime.streams.json_text import Json
from cdk_streamer_runtime.streams.pipelines.steps import Use

# A request is limited as an entry is.
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
_ENTRIES = 10
_ATTEMPTS = 4
_PAUSE = 100  # milliseconds, doubled each time

FAULT_USES = (
    Use(kind=ResourceKind.EVENT_BUS, name=BUS_RESOURCE, actions=("events:PutEvents",)),
    Use(kind=ResourceKind.BUCKET, name=CLAIMS_RESOURCE, actions=("s3:PutObject",)),
)
logger = logging.getLogger(__name__)


class _Text(NamedTuple):
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Publication:
    """Publishes faults of one invocation, as far as its time and the services allow."""

    redaction: Redaction
    function: str
    world: World

    def of(self, drafts: Sequence[Draft]) -> set[str]:
        """Publish, and give the ids of what is on the bus by then."""
        each = self.world.platform.each
        published = set[str]()
        # Texts are made by the request, so that a batch of faults is never there at once.
        for ids in each(self._publish, _tens(drafts)):
            published |= ids
        if len(published) < len(drafts):
            logger.error("faults not published", extra={"missing": len(drafts) - len(published)})
        return published

    def _publish(self, drafts: Sequence[Draft]) -> set[str]:
        texts = [text for draft in drafts if (text := self._text(draft)) is not None]
        return {id for request in _requests(texts) for id in self._put(request)}

    def _text(self, draft: Draft) -> _Text | None:
        world = self.world
        event = draft.fault(
            self.redaction,
            tags=world.tags,
            function=self.function or world.tags.get("functionname", ""),
            now=world.platform.clock(),
        )
        text = text_of(event)
        if text is not None and "redacted" not in event:
            return _Text(draft.id, text)
        try:
            event = self._with_original(event, draft.record)
        except (AwsError, OSError) as error:
            _log("record not kept", error)
            return None
        short = reduced(event)
        found = text_of(event) or text_of(short) or text_of(bare(short))
        return None if found is None else _Text(draft.id, found)

    def _with_original(self, event: FaultEvent, record: Json) -> FaultEvent:
        try:
            body = encode(record).encode()
        except (TypeError, ValueError, RecursionError):  # made by a test: Lambda reads JSON
            return event
        claim = claim_of(body, RECORD_PREFIX, self.world)
        if claim is None:
            return event
        keep(claim, body, self.world)
        event["original"] = Original(claimCheck=claim.document())
        return event

    def _put(self, texts: Sequence[_Text]) -> set[str]:
        world, done = self.world, set[str]()
        waiting = list(texts)
        for attempt in range(_ATTEMPTS):
            # One attempt is always made: without it the records come again for nothing.
            if attempt and world.platform.clock() >= world.deadline:
                break
            if attempt:
                world.platform.sleep(int(_PAUSE * 2**attempt * world.platform.uniform()))
            try:
                results = self._answer(waiting)
            except (AwsError, OSError) as error:
                _log("bus not reached", error)
                break
            done |= {text.id for text, entry in results if "EventId" in entry}
            waiting = [text for text, entry in results if "EventId" not in entry]
            if not waiting:
                break
        return done

    def _answer(self, texts: Sequence[_Text]) -> list[tuple[_Text, dict[str, Any]]]:
        world = self.world
        bus = world.resources.address(ResourceKind.EVENT_BUS, BUS_RESOURCE)
        entry = {
            "EventBusName": bus,
            "Source": world.tags.get("source") or "cdk-streamer",
            "DetailType": FAULT_TYPE,
        }
        entries = [{**entry, "Detail": text.text} for text in texts]
        answer = world.aws.call("events", "PutEvents", {"Entries": entries})
        return list(zip(texts, answer["Entries"], strict=True))


def _tens(drafts: Sequence[Draft]) -> Iterator[Sequence[Draft]]:
    return (drafts[at : at + _ENTRIES] for at in range(0, len(drafts), _ENTRIES))


def _requests(texts: Sequence[_Text]) -> Iterator[list[_Text]]:
    request: list[_Text] = []
    taken = 0
    for text in texts:
        bytes_ = size(text.text)
        if request and taken + bytes_ > FAULT_BYTES:
            yield request
            request, taken = [], 0
        request.append(text)
        taken += bytes_
    if request:
        yield request


def _log(what: str, error: Exception) -> None:
    code = error.code if isinstance(error, AwsError) else type(error).__name__
    logger.warning(what, extra={"code": code})
