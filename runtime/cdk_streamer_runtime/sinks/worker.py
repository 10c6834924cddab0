"""Delivers the messages of one event, and sees to it that what is not done comes again in time."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.contract.sinks import PROBE_MEMBER, ProbeVerdict
from cdk_streamer_runtime.limits.reservations import Reservations
from cdk_streamer_runtime.sinks.batch import Batch
from cdk_streamer_runtime.sinks.calls import Calls
from cdk_streamer_runtime.sinks.claims import Claims
from cdk_streamer_runtime.sinks.deadline import Deadline
from cdk_streamer_runtime.sinks.delivery import Delivery, Turn
from cdk_streamer_runtime.sinks.judge import Judge
from cdk_streamer_runtime.sinks.memory import Memory
from cdk_streamer_runtime.sinks.outcome import Ending, reopening
from cdk_streamer_runtime.sinks.pacing import Pacing
from cdk_streamer_runtime.sinks.record import Message
from cdk_streamer_runtime.sinks.source import Source
from cdk_streamer_runtime.sinks.turns import AnyTime, Turns
from cdk_streamer_runtime.sinks.world import Downstream, Meter, Platform

logger = logging.getLogger(__name__)

Event = Mapping[str, Any]
Response = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a worker is made of; `timeout` is its function's, in milliseconds."""

    calls: Calls
    judge: Judge
    source: Source
    memory: Memory | None
    pacing: Pacing | None
    reservations: Reservations
    downstream: Downstream | None
    platform: Platform
    metrics: Meter
    timeout: int
    fifo: bool


class Worker:
    """Handles the events of one process."""

    def __init__(self, parts: Parts) -> None:
        """Take its parts."""
        self._parts = parts

    def handle(self, event: Event, remaining: int) -> Response:
        """Deliver an event's messages within `remaining` ms; tell which are to come again."""
        parts = self._parts
        end = parts.platform.clock() + remaining
        deadline = Deadline(end=end, timeout=parts.timeout)
        messages = [Message.of(record) for record in event["Records"]]
        batch = Batch(messages, metrics=parts.metrics, fifo=parts.fifo)
        if PROBE_MEMBER in event:
            verdict = self._probe(batch, deadline, event[PROBE_MEMBER])
            return {**_response(batch), PROBE_MEMBER: verdict.value}
        with parts.platform.watching(
            max(remaining - deadline.farewell, 1), lambda: self._give_up(batch)
        ):
            turns = self._turns()
            self._delivery(batch, turns, parts.downstream, deadline).run()
            self._hide(batch)
        return _response(batch)

    def _delivery(
        self, batch: Batch, turns: Turn, downstream: Downstream | None, deadline: Deadline
    ) -> Delivery:
        parts = self._parts
        return Delivery(
            batch=batch,
            calls=parts.calls,
            claims=Claims(parts.memory, parts.platform),
            turns=turns,
            judge=parts.judge,
            downstream=downstream,
            deadline=deadline,
            platform=parts.platform,
        )

    def _turns(self) -> Turn:
        parts = self._parts
        if parts.pacing is None:
            return AnyTime(parts.platform)
        return Turns(
            parts.pacing,
            parts.reservations,
            longest_wait=parts.timeout // 2,
            platform=parts.platform,
            metrics=parts.metrics,
        )

    def _give_up(self, batch: Batch) -> None:
        """Do what can be done before a delivery that hangs is killed, and its sandbox with it.

        Nobody else would tell the circuit, and what was done before would be done again. A
        delivery that ends at this very moment is told of twice, which does no harm.
        """
        parts, now = self._parts, self._parts.platform.clock()
        is_hanging = batch.interrupt(parts.judge.given_up)
        logger.error("delivery given up", extra={"messages": len(batch.returning)})
        parts.source.delete(batch.acknowledged)
        if is_hanging and parts.downstream:
            parts.downstream.failed(now)
        self._hide(batch)
        parts.metrics.flush()

    def _hide(self, batch: Batch) -> None:
        """Hide what comes again: where the circuit is open now, until it is tried again.

        That it is received before is of no use, and counts towards the dead letters.
        """
        parts, returning = self._parts, batch.returning
        if not returning:
            return
        now, uniform = parts.platform.clock(), parts.platform.uniform()
        until = parts.downstream.closed_off(now) if parts.downstream else None
        least = 0 if until is None else reopening(until, now, uniform)
        parts.source.hide(returning, now, least)

    def _probe(self, batch: Batch, deadline: Deadline, asked: Mapping[str, Any]) -> ProbeVerdict:
        """Try one message, or ask the author's function; the controller does what follows.

        One message a pause is within any rate, and the circuit is known to be open. Nothing is
        tried when the controller counts the probe as lost already.
        """
        parts = self._parts
        if parts.platform.clock() > asked.get("before", deadline.end):
            return ProbeVerdict.UNKNOWN
        if parts.calls.functions.probe is not None:
            return ProbeVerdict.PASSED if parts.calls.is_up() else ProbeVerdict.FAILED
        self._delivery(batch, AnyTime(parts.platform), None, deadline).run()
        endings = {outcome.ending for outcome in batch.outcomes}
        if Ending.UNAVAILABLE in endings:
            return ProbeVerdict.FAILED
        return ProbeVerdict.PASSED if Ending.DONE in endings else ProbeVerdict.UNKNOWN


def _response(batch: Batch) -> Response:
    done = {message.id for message in batch.acknowledged}
    failed = [message.id for message in batch.messages if message.id not in done]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
