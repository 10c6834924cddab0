"""The course of whoever has a record kept: by the steps of a durable execution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from cdk_streamer_runtime.documents import decode, encode
from cdk_streamer_runtime.durable.course import Course, check_name, whole_seconds
from cdk_streamer_runtime.durable.recording import (
    failure_text,
    recorded,
    result_of,
    value_text,
)
from cdk_streamer_runtime.durable.steps import Steps
from cdk_streamer_runtime.errors import Interrupted, StepFailed

T = TypeVar("T")


class Record:
    """A `Course` each of whose parts is done once, whoever has begun it how often."""

    def __init__(self, steps: Steps, check: Callable[[], None] = lambda: None) -> None:
        """Take the steps, and what tells that the result is no longer wanted."""
        self.beyond = steps.faults
        self._steps = steps
        self._check = check
        self._sleeps = 0

    def step(self, name: str, function: Callable[[], Any]) -> Any:  # noqa: ANN401 - the author's
        """Do a part of the work once; its value or exception comes from the record ever after."""
        check_name(name)
        return result_of(self._steps.step(name, lambda: recorded(name, function)))

    def sleep(self, seconds: float) -> None:
        """Suspend the execution, if nothing else goes on in it."""
        self._sleeps += 1
        self._steps.sleep(f"sleep-{self._sleeps}", whole_seconds(seconds))

    def map(
        self,
        name: str,
        count: int,
        branch: Callable[[Course, int], T],
        *,
        at_once: int,
        nested: bool = False,
    ) -> list[T]:
        """Do the parts side by side, each with a record of its own."""
        check_name(name)

        def run(steps: Steps, number: int) -> str:
            try:
                return value_text(name, branch(Record(steps, self._check), number))
            except Interrupted as interruption:
                # Of the whole, and no failure of this branch: it is raised when all have ended.
                return failure_text(name, interruption)

        texts = self._steps.map(name, count, run, at_once=at_once, nested=nested)
        return [result_of(text) for text in texts]

    def invoke(
        self, name: str, function: str, payload: object, otherwise: Callable[[], Any]
    ) -> Any:  # noqa: ANN401 - what the function answers
        """Suspend the execution until a function has answered."""
        del otherwise
        check_name(name)
        answer = self._steps.invoke(name, function, encode(payload))
        try:
            return decode(answer)
        except ValueError as error:
            raise StepFailed(f"the function's answer is no JSON: {error}") from None

    def check(self) -> None:
        """Raise Interrupted once the result is no longer wanted."""
        self._check()

    def remaining(self) -> int:
        """Give the milliseconds that this invocation has left."""
        return self._steps.remaining()
