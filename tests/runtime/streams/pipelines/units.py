"""Units of work, and what becomes of them in a step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.pipelines.steps import Each, Gather, Spread, Step
from cdk_streamer_runtime.streams.place import Place
from cdk_streamer_runtime.streams.uow import UnitOfWork, unit_of_work


def unit(number: int = 0, key: str = "k", timestamp: int = 1, **members: Any) -> UnitOfWork:
    event = Event(
        id=f"e{number}", type="thing-created", timestamp=timestamp, partitionKey=key, **members
    )
    return unit_of_work({"number": number}, event, Place(f"e{number}", str(number), None, None))


def numbers(uow: UnitOfWork) -> list[int]:
    """Give the numbers of the records that it stands for, in their order."""
    batch = uow.get("batch")
    if batch is None:
        return [uow.record["number"]]
    return [number for each in batch for number in numbers(each)]


def through(step: Step, units: Iterable[UnitOfWork]) -> list[UnitOfWork]:
    """Let units of work through one step, as an invocation does."""
    match step:
        case Each():
            found = [step.apply(uow) for uow in units]
            return [uow for uow in found if uow is not None]
        case Spread():
            return [part for uow in units for part in step.apply(uow)]
        case Gather():
            gathering = step.new()
            found = [part for uow in units for part in gathering.add(uow)]
            return [*found, *gathering.finish()]
        case _:
            raise TypeError(f"{step.name} needs a world")
