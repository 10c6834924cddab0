"""The durable function of requests, by AWS's own SDK."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cdk_streamer_runtime.durable.sdk_steps import SdkSteps
from cdk_streamer_runtime.durable.steps import Execution, NotWritten, Steps, execution_name
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.requests.queues import WorkMessage

if TYPE_CHECKING:
    from aws_durable_execution_sdk_python import DurableContext

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
