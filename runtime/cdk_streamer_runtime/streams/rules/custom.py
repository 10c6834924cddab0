"""Custom: a pipeline of one's own, put together of steps; `@app.pipeline` makes one."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from cdk_streamer_runtime.streams.pipelines.filters import accepting
from cdk_streamer_runtime.streams.pipelines.pipeline import Pipeline
from cdk_streamer_runtime.streams.pipelines.stream import Stream
from cdk_streamer_runtime.streams.routing.patterns import event_types
from cdk_streamer_runtime.streams.rules.options import BOOLEAN, function_of, option
from cdk_streamer_runtime.streams.rules.rule import Rule, flavor
from cdk_streamer_runtime.streams.uow import UnitOfWork


@flavor
class Custom(Rule):
    """What `build` makes of a stream."""

    kind: ClassVar[str] = "pipeline"

    build: Callable[[Stream], Stream] = option(
        function_of("a stream"), "gets a stream and gives it with steps"
    )
    with_latched: bool = option(
        BOOLEAN, "takes also changes that were received from elsewhere", default=True
    )

    def accepts(self) -> Callable[[UnitOfWork], bool] | None:
        """Give the test of an event of a fitting type."""
        return accepting(content=self.filter, latched=self.with_latched)

    def pipelines(self) -> tuple[Pipeline, ...]:
        """Give what it compiles to."""
        built = self.build(Stream(pipeline=self.id))
        if not isinstance(built, Stream):  # pyright: ignore[reportUnnecessaryIsInstance] - the user's
            raise ValueError(  # noqa: TRY004 - every mistake in a rule is one
                f"{self}: build must return the stream with its steps, got {built!r}; "
                "write `return stream.map(...)`"
            )
        return (
            Pipeline(
                id=self.id,
                types=event_types(self.event_type),
                steps=built.steps,
                accepts=self.accepts(),
                policy=self.policy,
                emits=built.emits,
                own=self.own,
            ),
        )
