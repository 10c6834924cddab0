"""Calls: what one lane does in one round, call after call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from cdk_streamer_runtime.contract.streams import StreamMetric
from cdk_streamer_runtime.streams.engine.course import Stop
from cdk_streamer_runtime.streams.engine.deadline import last_begin
from cdk_streamer_runtime.streams.engine.insistence import Insistence
from cdk_streamer_runtime.streams.engine.lanes import strands_of
from cdk_streamer_runtime.streams.engine.packing import Packing, Parcel
from cdk_streamer_runtime.streams.engine.stretch import stranger
from cdk_streamer_runtime.streams.faults.policy import Action
from cdk_streamer_runtime.streams.pipelines.pipeline import Pipeline
from cdk_streamer_runtime.streams.pipelines.steps import BulkCall, Call
from cdk_streamer_runtime.streams.uow import UnitOfWork

Results = list[UnitOfWork | None]
_OF_ITS_OWN = (Action.FAULT, Action.DROP)


class Bench(Protocol):
    """Who decides what becomes of errors, and what may still be begun."""

    def may_begin(self, uow: UnitOfWork, now: int, until: int, /) -> bool:
        """Tell whether a call can be made; if not, it is noted what becomes of the unit."""
        ...

    def action(self, error: Exception, pipeline: Pipeline, /) -> Action:
        """Give what becomes of an error."""
        ...

    def fail(self, uow: UnitOfWork, error: Exception, pipeline: Pipeline, step: str, /) -> None:
        """Do what has to be done about a unit that is not repeated any more."""
        ...


class Caller:
    """Makes the calls of a stop that fall to one lane, and puts what they give into `results`."""

    def __init__(
        self,
        stop: Stop,
        results: Results,
        bench: Bench,
        insistence: Insistence,
        *,
        until: int,
        others: int,
    ) -> None:
        """Begin calls `until` then, less what rounds to come and `others` in the lane need."""
        self._stop = stop
        self._pipeline = stop.course.pipeline
        self._is_last = stop.at == len(stop.course.pipeline.steps) - 1
        self._results = results
        self._world = stop.course.world
        self._bench = bench
        self._insistence = insistence
        self._durations: list[int] = []
        shares, world = others + stop.course.rounds(stop.at), self._world
        self._until = until
        if shares > 1:
            self._until = last_begin(world.platform.clock(), until, shares)

    def call(self, indices: Sequence[int]) -> None:
        """Call for these units, in their order."""
        step = self._stop.step
        if isinstance(step, Call):
            self._singly(step, indices)
        else:
            self._in_bulk(step, indices)
        if self._durations:
            self._world.meter.milliseconds(
                StreamMetric.STEP_TIME,
                *self._durations,
                pipeline=self._pipeline.id,
                step=step.name,
            )

    # --- one by one ---

    def _singly(self, step: Call, indices: Sequence[int]) -> None:
        units, results, world = self._stop.units, self._results, self._world
        send, may_begin, clock = step.send, self._bench.may_begin, self._world.platform.clock
        now, until, took = clock(), self._until, self._durations.append
        for index in indices:
            uow = units[index]
            if not may_begin(uow, now, until):
                continue
            try:
                made = send(uow, world)
                if made is not None and made.__class__ is not UnitOfWork:
                    raise stranger(made)  # noqa: TRY301 - it is this unit's failure
            except Exception as error:  # noqa: BLE001 - a policy decides about it
                made = self._insist(step, uow, error)
            began, now = now, clock()
            took(now - began)
            results[index] = made

    def _insist(self, step: Call, uow: UnitOfWork, error: Exception) -> UnitOfWork | None:
        attempt = 1
        while (pause := self._pause(attempt, error)) is not None:
            self._world.platform.sleep(pause)
            if not self._bench.may_begin(uow, self._world.platform.clock(), self._until):
                return None
            try:
                made = step.send(uow, self._world)
                if made is None or made.__class__ is UnitOfWork:
                    return made
                raise stranger(made)  # noqa: TRY301 - it is this unit's failure
            except Exception as again:  # noqa: BLE001 - a policy decides about it
                error = again
            attempt += 1
        self._fail(uow, error)
        return None

    def _pause(self, attempt: int, error: Exception) -> int | None:
        """Give how long to wait before the call is repeated; None: it is not."""
        if self._bench.action(error, self._pipeline) is not Action.RETRY:
            return None
        pause = self._insistence.pause(attempt, error, self._world)
        if pause is not None:
            step = self._stop.step.name
            self._world.meter.count(StreamMetric.RETRIES, pipeline=self._pipeline.id, step=step)
        return pause

    def _fail(self, uow: UnitOfWork, error: Exception) -> None:
        self._bench.fail(uow, error, self._pipeline, self._stop.step.name)

    # --- several at once ---

    def _in_bulk(self, step: BulkCall, indices: Sequence[int]) -> None:
        units, clock = self._stop.units, self._world.platform.clock
        packing = Packing(self._parcels(step, indices), count=step.count, size=step.size)
        while packing:
            now = clock()
            parcels = [
                parcel
                for parcel in packing.next()
                if self._bench.may_begin(units[parcel.index], now, self._until)
            ]
            if parcels:
                pause = self._send(step, parcels, packing)
                self._durations.append(clock() - now)
                if pause:
                    self._world.platform.sleep(pause)

    def _parcels(self, step: BulkCall, indices: Sequence[int]) -> list[Parcel]:
        units, entries = self._stop.units, self._stop.entries
        sent: list[int] = []
        for index in indices:
            if entries[index] is None:
                self._results[index] = units[index]
            else:
                sent.append(index)
        strands = strands_of([units[index] for index in sent]) if step.ordered else sent
        return [
            Parcel(index, strand, entry)
            for index, strand in zip(sent, strands, strict=True)
            if (entry := entries[index]) is not None
        ]

    def _send(self, step: BulkCall, parcels: list[Parcel], packing: Packing) -> int:
        """Make one call; give how long to wait before the next one."""
        try:
            answers = step.send([parcel.entry.value for parcel in parcels], self._world)
            if len(answers) != len(parcels):
                raise ValueError(  # noqa: TRY301 - nobody knows whose answers they are
                    f"`send` has to give {len(parcels)} answers, one an entry, got {len(answers)}"
                )
        except Exception as error:  # noqa: BLE001 - a policy decides about it
            return max(self._refused(parcel, error, packing, len(parcels)) for parcel in parcels)
        pause = 0
        for parcel, answer in zip(parcels, answers, strict=True):
            if isinstance(answer, Exception):
                pause = max(pause, self._refused(parcel, answer, packing, 1))
            elif not self._is_last:
                uow = self._stop.units[parcel.index]
                self._results[parcel.index] = uow.extend(**{step.response: answer})
        return pause

    def _refused(self, parcel: Parcel, error: Exception, packing: Packing, company: int) -> int:
        action = self._bench.action(error, self._pipeline)
        if company > 1 and action in _OF_ITS_OWN:
            # The fault may be of one entry alone: halves find it, and the others go on.
            parcel.most = company // 2
            packing.again(parcel)
            return 0
        parcel.attempts += 1
        pause = self._pause(parcel.attempts, error)
        if pause is None:
            self._fail(self._stop.units[parcel.index], error)
            return 0
        packing.again(parcel)
        return pause
