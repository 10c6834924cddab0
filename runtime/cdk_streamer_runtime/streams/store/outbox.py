"""The outbox: rows of what is emitted are published by the stream of their table.

Who stores such a row need not publish: once the row is there, its record comes until it is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cdk_streamer_runtime.contract.streams import BUS_RESOURCE, EventRow
from cdk_streamer_runtime.streams.pipelines.pipeline import Pipeline
from cdk_streamer_runtime.streams.pipelines.steps import Each
from cdk_streamer_runtime.streams.sinks.events import publish
from cdk_streamer_runtime.streams.store.images import CREATED, image_of, stream_types
from cdk_streamer_runtime.streams.store.keys import emission_key, partition_of
from cdk_streamer_runtime.streams.store.rows import KEEP, Origin, Row, emission_row, ttl_of
from cdk_streamer_runtime.streams.uow import UnitOfWork

if TYPE_CHECKING:
    from cdk_streamer_runtime.streams.faults.policy import Policy


def outbox_pipeline(
    rule: str,
    bus: str = BUS_RESOURCE,
    policy: Policy | None = None,
    emits: tuple[str, ...] = (),
    *,
    id: str | None = None,
) -> Pipeline:
    """Give the pipeline that publishes what a rule has emitted."""
    return Pipeline(
        id=id or f"{rule}.publish",
        types=stream_types(CREATED, EventRow.EMISSION),
        steps=(Each(name="to_events", apply=_to_events), publish(bus=bus)),
        accepts=lambda uow: _rule_of(uow) == rule,
        policy=policy,
        emits=emits,
    )


def outbox_item(
    rule: str, key: str, events: Sequence[Mapping[str, Any]], *, keep: timedelta = KEEP
) -> Row:
    """Give the item to put, in a transaction of one's own, for `rules.Outbox(id=rule)` to publish.

    Events need an id, a type, a timestamp and a partition key. Put it on the condition that it is
    not there, and `key` is published once; give each publication a key of its own.
    """
    if not events:
        raise ValueError("an outbox item needs at least one event")
    for event in events:
        if lacking := [name for name in _MEMBERS if name not in event]:
            raise ValueError(f"an event to publish has {', '.join(_MEMBERS)}; one lacks {lacking}")
    now = int(datetime.now(tz=UTC).timestamp() * 1_000)
    place = emission_key(partition_of(key, None), rule)
    return emission_row(events, place, key, ttl_of(now, keep), Origin(rule=rule))


_MEMBERS = ("id", "type", "timestamp", "partitionKey")


def _rule_of(uow: UnitOfWork) -> str | None:
    row = image_of(uow, "new", EventRow.EMISSION)
    return None if row is None else row.get("rule")


def _to_events(uow: UnitOfWork) -> UnitOfWork | None:
    row = image_of(uow, "new", EventRow.EMISSION)
    return None if row is None else uow.extend(publish_request=row["event"])
