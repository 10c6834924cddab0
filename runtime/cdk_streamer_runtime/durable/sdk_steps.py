"""Durable steps by AWS's own SDK, which only the assets of durable functions carry."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cdk_streamer_runtime.errors import InputTimeout, StepFailed

if TYPE_CHECKING:
    from aws_durable_execution_sdk_python import DurableContext
    from aws_durable_execution_sdk_python.types import Callback


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
        from aws_durable_execution_sdk_python.config import StepConfig
        from aws_durable_execution_sdk_python.serdes import PassThroughSerDes

        # It is JSON already: written as a text once more, its quotes and all that is not ASCII
        # would be escaped, and it could be three times as large as was checked.
        config = StepConfig(serdes=PassThroughSerDes[str]())
        return self._context.step(lambda _step: function(), name=name, config=config)

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

    def map(
        self,
        name: str,
        count: int,
        branch: Callable[[SdkSteps, int], str],
        *,
        at_once: int,
        nested: bool,
    ) -> list[str]:
        """Give what `branch` returns for each number below `count`, in the SDK's threads."""
        from aws_durable_execution_sdk_python.config import (
            CompletionConfig,
            MapConfig,
            NestingType,
        )

        config: MapConfig[int] = MapConfig(
            max_concurrency=at_once,
            # The default stops at the first failure, and then tells less than was done.
            completion_config=CompletionConfig.all_completed(),
            nesting_type=NestingType.NESTED if nested else NestingType.FLAT,
            item_namer=lambda _item, number: f"{name}-{number + 1}",
        )

        def run(context: DurableContext, _item: int, number: int, _all: object) -> str:
            return branch(SdkSteps(context), number)

        context: Any = self._context  # whose result has no type
        result = context.map(range(count), run, name=name, config=config)
        for item in result.all:
            if item.error is not None:
                text = f"{name}-{item.index + 1} failed with {item.error.type}"
                raise StepFailed(f"{text}: {item.error.message}")
        return [item.result for item in result.all]

    def invoke(self, name: str, function: str, payload: str) -> str:
        """Suspend until a function has answered, once."""
        from aws_durable_execution_sdk_python.config import InvokeConfig
        from aws_durable_execution_sdk_python.exceptions import InvokeError
        from aws_durable_execution_sdk_python.serdes import PassThroughSerDes

        as_it_is: PassThroughSerDes[str] = PassThroughSerDes()
        config = InvokeConfig(serdes_payload=as_it_is, serdes_result=as_it_is)
        try:
            answer = self._context.invoke(function, payload, name=name, config=config)
        except InvokeError as error:
            text = f"function {function!r} failed with {error.error_type}: {error.message}"
            raise StepFailed(text) from None
        return answer or "null"  # a function without an answer

    def remaining(self) -> int:
        """Give the milliseconds that this invocation has left."""
        context: Any = self._context.lambda_context
        return context.get_remaining_time_in_millis()


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
