"""The reporter: makes faults of what could not be done, and publishes them in time."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from cdk_streamer_runtime.contract.streams import FAULT_TYPE, StreamMetric
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.faults.contents import is_fault
from cdk_streamer_runtime.streams.faults.failure import Failure
from cdk_streamer_runtime.streams.faults.fault import Draft, source_of
from cdk_streamer_runtime.streams.faults.publication import Publication
from cdk_streamer_runtime.streams.faults.redaction import Redaction
from cdk_streamer_runtime.streams.faults.wording import kind_of, name_of
from cdk_streamer_runtime.streams.outcome import Undecodable, digest
from cdk_streamer_runtime.streams.uow import UnitOfWork

_NOTHING = Redaction()
logger = logging.getLogger(__name__)
_Part = tuple[UnitOfWork | Undecodable, Mapping[str, Any]]


class FaultReporter:
    """Takes the failures of one invocation, and publishes a fault for each record and error.

    The same function, record and kind of error make the same id, in whichever and however many
    pipelines, and whenever they come again.
    """

    def __init__(self, *, redaction: Redaction = _NOTHING, function: str = "") -> None:
        """Take what is redacted, and the function that the records can be given to again."""
        self._redaction = redaction
        self._function = function
        self._drafts: dict[tuple[str, str], Draft] = {}
        self._refused: list[Failure] = []

    def add(self, failure: Failure) -> None:
        """Take a failure; one of a fault will be given back, for it makes no other fault."""
        parts = list(_parts(failure.of, failure.within.scope if failure.within else {}))
        if any(_is_of_fault(of) for of, _ in parts):
            self._refused.append(failure)
            return
        kind = kind_of(failure)
        for of, scope in parts:
            record = _identity(of)
            draft = self._drafts.get((record, kind))
            if draft is None:
                draft = Draft(
                    id=digest(self._function, record, kind), of=of, scope=scope, first=failure
                )
                self._drafts[record, kind] = draft
            draft.hits.setdefault((failure.pipeline, failure.step), failure)
            draft.failures.append(failure)

    def publish(self, world: World) -> list[Failure]:
        """Publish all, and give the failures whose records must come again."""
        drafts, refused = [*self._drafts.values()], self._refused
        self._drafts, self._refused = {}, []
        publication = Publication(self._redaction, self._function, world)
        published = publication.of(drafts)
        missing = [draft for draft in drafts if draft.id not in published]
        if published:
            world.meter.count(StreamMetric.FAULTS, len(published))
            errors = Counter(name_of(draft.first) for draft in drafts if draft.id in published)
            logger.warning("records became faults", extra={"errors": dict(errors)})
        # By identity: a failure that stands for several records is given once.
        again = {id(each): each for draft in missing for each in draft.failures}
        again |= {id(each): each for each in refused}
        return [*again.values()]


def _parts(of: UnitOfWork | Undecodable, scope: Mapping[str, Any]) -> Iterator[_Part]:
    """Give the records that a failure stands for, each with what its steps and theirs made."""
    if isinstance(of, Undecodable):
        yield of, scope
    elif "batch" in of.scope:
        for unit in of.scope["batch"]:
            yield from _parts(unit, {**of.scope, **scope})
    else:
        yield of, {**of.scope, **scope}


def _is_of_fault(of: UnitOfWork | Undecodable) -> bool:
    # A step may have made another event of it: the record tells.
    return (isinstance(of, UnitOfWork) and of.event.get("type") == FAULT_TYPE) or is_fault(
        of.record
    )


def _identity(of: UnitOfWork | Undecodable) -> str:
    """Give what the record is known by, among those of all sources."""
    return digest(source_of(of.record), of.place.id or digest(of.record))
