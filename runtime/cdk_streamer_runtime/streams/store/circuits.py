"""Circuits: calls that are made only while their downstream is well, as all processors know it.

What is known stands in an item of the table. While all is well, it is read once a second at most
and never written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, TypeVar

from cdk_streamer_runtime.breaker import (
    Breaker,
    Circuit,
    CircuitState,
    admitted,
    failed,
    succeeded,
)
from cdk_streamer_runtime.contract.streams import ResourceKind, StreamMetric
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import CircuitOpen, ConditionFailed, Throttled, Unreachable
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.pipelines.steps import BulkCall, Call, Use
from cdk_streamer_runtime.streams.store.keys import PK, SK
from cdk_streamer_runtime.streams.uow import UnitOfWork

ROW = "CIRCUIT"
READ, WRITE = "dynamodb:GetItem", "dynamodb:PutItem"
_FRESH = 1_000  # milliseconds for which what was read is believed
# Who hands records back at once gets them back at once, again and again.
_LULL = 1_000
_ATTEMPTS = 5
_UNKNOWN = (Throttled, Unreachable)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Downstream:
    """Somebody who is called: his name, his breaker, and which errors are his."""

    name: str
    breaker: Breaker
    is_failure: Callable[[Exception], bool]
    table: str

    def guarded(self, step: Call | BulkCall) -> Call | BulkCall:
        """Give a step that makes its calls through the circuit."""
        use = Use(kind=ResourceKind.TABLE, name=self.table, actions=(READ, WRITE))
        uses = (*step.uses, use)
        if isinstance(step, Call):
            return replace(step, send=self._one(step.send), uses=uses)
        return replace(step, send=self._several(step.send), uses=uses)

    def _one(
        self, send: Callable[[UnitOfWork, World], UnitOfWork | None]
    ) -> Callable[[UnitOfWork, World], UnitOfWork | None]:
        return lambda uow, world: self._called(lambda: send(uow, world), world, lambda _: ())

    def _several(
        self, send: Callable[[Sequence[Any], World], Sequence[Any]]
    ) -> Callable[[Sequence[Any], World], Sequence[Any]]:
        return lambda entries, world: self._called(
            lambda: send(entries, world), world, lambda answers: answers
        )

    def _called(self, call: Callable[[], T], world: World, of: Callable[[T], Sequence[Any]]) -> T:
        guard = _guard_of(self, world)
        trial = guard.enter()
        try:
            made = call()
        except Exception as error:
            # Any other error is an answer as well: whoever refuses a call is there.
            guard.leave(failure=self.is_failure(error), trial=trial)
            raise
        errors = [each for each in of(made) if isinstance(each, Exception)]
        guard.leave(failure=any(map(self.is_failure, errors)), trial=trial)
        return made


def _guard_of(downstream: Downstream, world: World) -> Guard:
    key = (Guard, downstream.table, downstream.name)
    guard: Guard | None = world.memory.get(key)
    # Two lanes may make one at the same time; the first that is kept is both of theirs.
    return world.memory.setdefault(key, Guard(downstream, world)) if guard is None else guard


class Guard:
    """What one invocation knows of a circuit. Lanes ask it at the same time."""

    def __init__(self, downstream: Downstream, world: World) -> None:
        self._downstream = downstream
        self._breaker = downstream.breaker
        self._world = world
        table = world.resources.address(ResourceKind.TABLE, downstream.table)
        self._table = Table(world.aws, table)
        self._key = {PK: f"{ROW}#{downstream.name}", SK: ROW}
        self._lock = Lock()
        self._circuit: Circuit | None = None
        self._read_at = 0
        self._calls = 0  # that nobody has noted
        self._has_waited = False

    def enter(self) -> bool:
        """Let a call through and tell whether it is a trial; raises CircuitOpen."""
        with self._lock:
            for _ in range(_ATTEMPTS):
                now = self._world.platform.clock()
                circuit = self._known(now)
                may, changed = admitted(circuit, self._breaker, now)
                if not may:
                    if self._waited(circuit, now):
                        continue
                    break
                if changed is circuit or self._store(circuit, changed):
                    return changed.state is CircuitState.HALF_OPEN
            self._count(StreamMetric.CALLS_REFUSED)
            raise CircuitOpen(f"the circuit of {self._downstream.name!r} is open")

    def leave(self, *, failure: bool, trial: bool) -> None:
        """Note what became of a call that was let through."""
        with self._lock:
            self._calls += 1
            for _ in range(_ATTEMPTS):
                now = self._world.platform.clock()
                circuit = self._known(now)
                changed = (
                    failed(circuit, self._breaker, now, trial=trial, calls=self._calls)
                    if failure
                    else succeeded(circuit, self._breaker, trial=trial)
                )
                if changed is circuit:
                    return
                if self._store(circuit, changed):
                    self._calls = 0
                    if changed.state is CircuitState.OPEN:
                        self._count(StreamMetric.CIRCUIT_OPENINGS)
                    return

    def _known(self, now: int) -> Circuit:
        circuit = self._circuit
        if circuit is not None and now - self._read_at < _FRESH:
            return circuit
        try:
            row = self._table.get(self._key)
        except _UNKNOWN:
            # Who cannot be told how the downstream is had better ask it.
            return circuit or Circuit()
        self._circuit, self._read_at = Circuit.read(row), now
        return self._circuit

    def _store(self, before: Circuit, after: Circuit) -> bool:
        """Store what has changed; without success it is read anew the next time."""
        names = {"#version": "version"}
        condition, values = "attribute_not_exists(#version)", dict[str, object]()
        if before.version:
            condition, values = "#version = :version", {":version": before.version}
        row = {**self._key, "discriminator": ROW, **after.row()}
        try:
            self._table.put(row, condition=condition, names=names, values=values)
        except ConditionFailed:
            self._circuit = None
            return False
        except _UNKNOWN:
            return True
        self._circuit, self._read_at = after, self._world.platform.clock()
        return True

    def _waited(self, circuit: Circuit, now: int) -> bool:
        """Wait a little, once; tell whether that was done."""
        if self._has_waited:
            return False
        self._has_waited = True
        pause = max(min(circuit.until - now, _LULL, self._world.deadline - now), 0)
        self._world.platform.sleep(pause)
        return True

    def _count(self, metric: StreamMetric) -> None:
        self._world.meter.count(metric, step=self._downstream.name)
