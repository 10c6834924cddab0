"""A journal of all that steps are asked to do, and steps that fail as they are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Lock
from typing import NamedTuple

from cdk_streamer_runtime.errors import AccessDenied, Throttled
from cdk_streamer_runtime.streams.pipelines.gathering import batch_step, group_step
from cdk_streamer_runtime.streams.pipelines.steps import BulkCall, Call, Each, Entry, Spread, Step
from cdk_streamer_runtime.streams.uow import UnitOfWork, leaves_of


class Rotten(Exception):
    """What a policy of the tests drops."""


ERRORS: dict[str, Callable[[], Exception]] = {
    "retry": lambda: Throttled("ThrottlingException", "", 400, "Write"),
    "redeliver": lambda: AccessDenied("AccessDenied", "", 403, "Write"),
    "fault": lambda: ValueError("no good"),
    "drop": lambda: Rotten("rotten"),
}


def error_of(action: str) -> Exception:
    """Give an error of which that becomes."""
    return ERRORS[action]()


class Trouble(NamedTuple):
    """What a record meets at a step, so many times."""

    action: str
    times: int = 1_000


class Line(NamedTuple):
    """What was begun or ended, with which records, and the actions of the errors they met."""

    what: str
    pipeline: str
    step: str
    units: tuple[tuple[int, ...], ...]
    errors: tuple[str, ...] = ()


@dataclass
class Journal:
    """Writes down what happens; `switch` lets other lanes go on in the middle of a call."""

    troubles: Mapping[tuple[str, str, int], Trouble] = field(default_factory=dict)
    switch: Callable[[], None] = lambda: None
    keys: Sequence[str] = ()
    lines: list[Line] = field(default_factory=list)
    running: Counter[str] = field(default_factory=Counter)
    overlaps: list[str] = field(default_factory=list)
    most_calls: int = 0
    _met: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    _calls: int = 0
    _lock: Lock = field(default_factory=Lock)

    # --- steps ---

    def step(self, pipeline: str, name: str, kind: str, number: int) -> Step:
        """Give a step that writes down what it does."""
        match kind:
            case "each":
                return Each(name=name, apply=lambda uow: self._alone(pipeline, name, uow))
            case "spread":
                return Spread(
                    name=name, apply=lambda uow: self._spread(pipeline, name, uow, number)
                )
            case "batch":
                return batch_step(number, None, lambda _: 1)
            case "group":
                return group_step(lambda uow: uow.event.partition_key)
            case "call":
                return Call(name=name, send=lambda uow, _: self._call(pipeline, name, uow))
            case _:
                return BulkCall(
                    name=name,
                    prepare=lambda uow, _: Entry(value=uow, size=1),
                    send=lambda units, _: self._bulk(pipeline, name, units),
                    count=number,
                    size=100,
                    response="sent",
                    ordered=kind == "ordered",
                )

    def _alone(self, pipeline: str, name: str, uow: UnitOfWork) -> UnitOfWork:
        error = self._trouble(pipeline, name, uow)
        self._write("pure", pipeline, name, [uow], [error])
        if error:
            raise error_of(error)
        return uow

    def _spread(
        self, pipeline: str, name: str, uow: UnitOfWork, number: int
    ) -> Iterable[UnitOfWork]:
        return [self._alone(pipeline, name, uow).extend(part=part) for part in range(number)]

    def _call(self, pipeline: str, name: str, uow: UnitOfWork) -> UnitOfWork:
        (error,) = self._during(pipeline, name, [uow])
        if error:
            raise error_of(error)
        return uow

    def _bulk(self, pipeline: str, name: str, units: Sequence[UnitOfWork]) -> list[object]:
        errors = self._during(pipeline, name, units)
        return [error_of(error) if error else "sent" for error in errors]

    def _during(self, pipeline: str, name: str, units: Sequence[UnitOfWork]) -> list[str]:
        keys = {self.keys[leaf] for uow in units for leaf in leaves(uow)}
        with self._lock:
            self._write("begin", pipeline, name, units, [])
            self.overlaps += [key for key in keys if self.running[key]]
            self.running.update(keys)
            self._calls += 1
            self.most_calls = max(self.most_calls, self._calls)
        self.switch()
        with self._lock:
            errors = [self._trouble(pipeline, name, uow) for uow in units]
            self.running.subtract(keys)
            self._calls -= 1
            self._write("end", pipeline, name, units, errors)
        return errors

    def _trouble(self, pipeline: str, name: str, uow: UnitOfWork) -> str:
        for leaf in leaves(uow):
            place = (pipeline, name, leaf)
            trouble = self.troubles.get(place)
            if trouble and self._met[place] < trouble.times:
                self._met[place] += 1
                return trouble.action
        return ""

    def _write(
        self,
        what: str,
        pipeline: str,
        step: str,
        units: Sequence[UnitOfWork],
        errors: Sequence[str],
    ) -> None:
        told = tuple(leaves(uow) for uow in units)
        self.lines.append(Line(what, pipeline, step, told, tuple(errors)))

    # --- what it tells ---

    def fates(self, attempts: int) -> list[tuple[int, str, str, tuple[int, ...]]]:
        """Give what came of failed units: at which line, the action, the pipeline, the records."""
        tried = Counter[tuple[str, str, tuple[int, ...]]]()
        found: list[tuple[int, str, str, tuple[int, ...]]] = []
        for number, line in enumerate(self.lines):
            for unit, error in zip(line.units, line.errors, strict=False):
                if error == "retry" and line.what == "end":
                    tried[line.pipeline, line.step, unit] += 1
                    if tried[line.pipeline, line.step, unit] % attempts:
                        continue
                if error:
                    found.append((number, error, line.pipeline, unit))
        return found

    def passed(self, pipeline: str, step: str) -> Counter[int]:
        """Count for each record how often it got through a step."""
        return Counter(
            leaf
            for line in self.lines
            if (line.what, line.pipeline, line.step) == ("end", pipeline, step)
            for unit, error in zip(line.units, line.errors, strict=True)
            if not error
            for leaf in unit
        )

    def disorder(self, pipeline: str, step: str) -> list[tuple[int, int]]:
        """Give the records of a key that have begun a step in another order than they came."""
        begun: dict[str, list[int]] = {}
        for line in self.lines:
            if (line.what, line.pipeline, line.step) == ("begin", pipeline, step):
                for unit in line.units:
                    begun.setdefault(self.keys[unit[-1]], []).append(unit[-1])
        return [
            pair for several in begun.values() for pair in pairwise(several) if pair[0] > pair[1]
        ]


def leaves(uow: UnitOfWork) -> tuple[int, ...]:
    """Give the numbers of the records that a unit stands for."""
    return tuple(leaf.event["n"] for leaf in leaves_of(uow))
