"""CircuitBreaker: a pipeline whose calls are made only while their downstream is well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

from cdk_streamer_runtime.breaker import Breaker
from cdk_streamer_runtime.contract.streams import TABLE_RESOURCE
from cdk_streamer_runtime.errors import CircuitOpen
from cdk_streamer_runtime.streams.faults.defaults import default_action
from cdk_streamer_runtime.streams.faults.policy import Action
from cdk_streamer_runtime.streams.pipelines.pipeline import Pipeline
from cdk_streamer_runtime.streams.pipelines.steps import BulkCall, Call, Step
from cdk_streamer_runtime.streams.rules.custom import Custom
from cdk_streamer_runtime.streams.rules.options import (
    COUNT,
    DURATION,
    NAME,
    NAMES,
    Kind,
    function_of,
    option,
)
from cdk_streamer_runtime.streams.rules.rule import flavor
from cdk_streamer_runtime.streams.store.circuits import Downstream

_MILLISECOND = timedelta(milliseconds=1)
_SHARE = Kind(
    words="a number over 0, up to 1",
    refusal=lambda value: (
        None
        if type(value) in (int, float) and 0 < value <= 1
        else f"must be a number over 0, up to 1, got {value!r}"
    ),
)


def is_passing(error: Exception) -> bool:
    """Tell whether an error says that the downstream is not well; the call may be wrong instead."""
    return default_action(error) is Action.RETRY


@flavor
class CircuitBreaker(Custom):
    """What `build` makes of a stream, with calls that spare a downstream that is not well.

    After too many failures no call is made for a while, by nobody who names the same downstream:
    records are handed back untried. Then a few calls are let through to see how it is. What is
    known of it stands in the table.
    """

    kind: ClassVar[str] = "circuit_breaker"

    downstream: str | None = option(
        NAME, "who is called; processors that name the same share what they know; the rule's id",
        default=None,
    )  # fmt: skip
    guards: tuple[str, ...] | list[str] | None = option(
        NAMES, "the names of the steps that call it; all that call anybody", default=None
    )
    failures: int = option(COUNT, "so many failures in the window open it", default=5)
    share: float = option(_SHARE, "if they are at least this share of the calls", default=0.5)
    window: timedelta = option(DURATION, "how long failures count", default=timedelta(minutes=1))
    pause: timedelta = option(
        DURATION, "how long no call is made; twice as long each time it fails again",
        default=timedelta(seconds=30),
    )  # fmt: skip
    longest_pause: timedelta = option(
        DURATION, "the pause grows no longer than that", default=timedelta(minutes=10)
    )
    trials: int = option(
        COUNT, "so many calls have to succeed before all are made again", default=1
    )
    is_failure: Callable[[Exception], bool] = option(
        function_of("an error"),
        "tells which errors count; default: those that another moment can mend",
        default=is_passing,
    )
    table: str = option(NAME, "what the table is called", default=TABLE_RESOURCE)

    def contradiction(self) -> str | None:
        """Say which options do not go together."""
        if self.longest_pause < self.pause:
            return f"longest_pause must be at least pause, got {self.longest_pause}"
        return None

    def pipelines(self) -> tuple[Pipeline, ...]:
        """Give what it compiles to."""
        (pipeline,) = Custom.pipelines(self)
        calls = {step.name for step in pipeline.steps if isinstance(step, Call | BulkCall)}
        guarded = calls if self.guards is None else {*self.guards}
        if unknown := sorted(guarded - calls):
            raise ValueError(f"{self}: guards names {unknown}; the steps that call are {calls}")
        if not guarded:
            raise ValueError(f"{self}: build must add a step that calls somebody")
        downstream = self._downstream()

        def guard(step: Step) -> Step:
            if isinstance(step, Call | BulkCall) and step.name in guarded:
                return downstream.guarded(step)
            return step

        return (replace(pipeline, steps=tuple(map(guard, pipeline.steps))),)

    def _downstream(self) -> Downstream:
        breaker = Breaker(
            failures=self.failures,
            share=self.share,
            window=self.window // _MILLISECOND,
            pause=self.pause // _MILLISECOND,
            longest_pause=self.longest_pause // _MILLISECOND,
            trials=self.trials,
        )
        # A call that was not made says nothing of who would have been called.
        counts = self.is_failure
        return Downstream(
            name=self.downstream or self.id,
            breaker=breaker,
            is_failure=lambda error: not isinstance(error, CircuitOpen) and counts(error),
            table=self.table,
        )
