"""SendMessages: events become messages of a queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from cdk_streamer_runtime.streams.pipelines.filters import accepting
from cdk_streamer_runtime.streams.pipelines.functions import request_step
from cdk_streamer_runtime.streams.pipelines.steps import Step
from cdk_streamer_runtime.streams.rules.composed import ComposedRule
from cdk_streamer_runtime.streams.rules.options import BOOLEAN, COUNT, NAME, UOW_FUNCTION, option
from cdk_streamer_runtime.streams.rules.rule import flavor
from cdk_streamer_runtime.streams.uow import UnitOfWork

REQUEST = "message_request"


@flavor
class SendMessages(ComposedRule):
    """Send a message to a queue for each event."""

    kind: ClassVar[str] = "send_messages"

    to_message: Callable[[UnitOfWork], Mapping[str, Any] | None] = option(
        UOW_FUNCTION, "gives the message, `MessageBody` and its kin, or None for none"
    )
    queue: str = option(NAME, "what the queue is called in the construct's resources")
    with_latched: bool = option(
        BOOLEAN, "takes also changes that were received from elsewhere", default=False
    )

    compress: int | None = option(
        COUNT, "over how many bytes an event is compressed; None for never", default=None
    )

    def accepts(self) -> Callable[[UnitOfWork], bool] | None:
        """Give the test of an event of a fitting type."""
        return accepting(content=self.filter, latched=self.with_latched)

    def steps(self) -> tuple[Step, ...]:
        """Give what is done."""
        from cdk_streamer_runtime.streams.sinks.messages import send_messages

        sink = send_messages(request=REQUEST, queue=self.queue, compress=self.compress)
        return (*self.front(), request_step(REQUEST, self.to_message), sink)
