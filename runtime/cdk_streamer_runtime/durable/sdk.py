"""Durable executions by AWS's own SDK, which only the durable function's asset carries."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cdk_streamer_runtime.durable.steps import Execution, NotWritten, Steps, execution_name
from cdk_streamer_runtime.errors import AwsError, InputTimeout
from cdk_streamer_runtime.requests.queues import WorkMessage

if TYPE_CHECKING:
    from aws_durable_execution_sdk_python import DurableContext
    from aws_durable_execution_sdk_python.types import Callback

Run = Callable[[WorkMessage, Execution, Steps], None]
Handler = Callable[[Any, Any], Any]


def durable_handler(run: Run, client: Any = None) -> Handler:  # noqa: ANN401 - a boto3 client
    """Give the Lambda handler of a durable function that lets `run` do every invocation."""
    from aws_durable_execution_sdk_python import (
        durable_execution,  # pyright: ignore[reportUnknownVariableType]
    )
    from aws_durable_execution_sdk_python.exceptions import InvocationError

    def execute(event: dict[str, Any], context: DurableContext) -> None:
        arn = context.execution_context.durable_execution_arn
        start = _start_of(event, arn)
        execution = Execution(name=execution_name(start.key, start.attempt), arn=arn)
        try:
            run(start, execution, SdkSteps(context))
        except (AwsError, NotWritten) as error:
            # The table was out of reach: Lambda invokes again, and nothing that was done is lost.
            raise InvocationError(str(error)) from error

    return durable_execution(execute, boto3_client=client)


def _start_of(event: dict[str, Any], arn: str) -> WorkMessage:
    """Tell which attempt it is; a long record leaves no room for the input, but has a name."""
    if "key" in event:
        return WorkMessage(key=event["key"], attempt=event["attempt"])
    key, _, attempt = arn.split("/")[-2].rpartition("-")
    return WorkMessage(key=key, attempt=int(attempt))


class SdkSteps:
    """`Steps` over the SDK's context; it runs in the SDK's thread."""

    def __init__(self, context: DurableContext) -> None:
        """Take the context of one invocation."""
        from aws_durable_execution_sdk_python.exceptions import InvocationError, SuspendExecution

        self._context = context
        self.suspension: type[BaseException] = SuspendExecution
        self.faults: tuple[type[BaseException], ...] = (InvocationError,)

    def is_replaying(self) -> bool:
        """Tell whether the handler is still where an earlier invocation has been."""
        return self._context.is_replaying()

    def step(self, name: str, function: Callable[[], str]) -> str:
        """Give what the function returns, or returned in an earlier invocation."""
        return self._context.step(lambda _step: function(), name=name)

    def sleep(self, name: str, seconds: int) -> None:
        """Suspend for that long, once."""
        from aws_durable_execution_sdk_python.config import Duration

        self._context.wait(Duration.from_seconds(seconds), name=name)

    def callback(self, name: str, timeout: int | None) -> SdkPending:
        """Open an answer that can be given for `timeout` seconds."""
        from aws_durable_execution_sdk_python.config import CallbackConfig, Duration

        config = CallbackConfig(timeout=Duration.from_seconds(timeout or 0))
        context: Any = self._context  # whose callbacks have no type
        return SdkPending(self._context, context.create_callback(name=name, config=config))


class SdkPending:
    """An open callback of the SDK."""

    def __init__(self, context: DurableContext, callback: Callback[Any]) -> None:
        """Take the callback, as the SDK made it."""
        self._context = context
        self._callback = callback

    @property
    def id(self) -> str:
        """What the answer is sent to."""
        return self._callback.callback_id

    def is_done(self) -> bool:
        """Tell whether it was answered, or nobody may any more."""
        operation: Any = self._callback
        return self._context.state.get_checkpoint_result(operation.operation_id).is_terminal()

    def result(self) -> str:
        """Give the answer; suspends until there is one, raises InputTimeout when it is too late."""
        from aws_durable_execution_sdk_python.exceptions import CallbackTimeoutError

        try:
            answer: object = self._callback.result()
        except CallbackTimeoutError:
            raise InputTimeout("nobody answered in time") from None
        return answer.decode() if isinstance(answer, bytes) else str(answer)
