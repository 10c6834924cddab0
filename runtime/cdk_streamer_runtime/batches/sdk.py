"""The durable function of a batch, by AWS's own SDK, which only its asset carries."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cdk_streamer_runtime.durable.sdk_steps import SdkSteps

if TYPE_CHECKING:
    from aws_durable_execution_sdk_python import DurableContext

    from cdk_streamer_runtime.batches.invocation import Invocation

Handler = Callable[[Any, Any], Any]


def batch_handler(invocation: Invocation, client: Any = None) -> Handler:  # noqa: ANN401 - a boto3 client
    """Give the Lambda handler of a batch's durable function."""
    from aws_durable_execution_sdk_python import (
        durable_execution,  # pyright: ignore[reportUnknownVariableType]
    )

    def execute(event: Any, context: DurableContext) -> dict[str, Any]:  # noqa: ANN401 - JSON
        arn = context.execution_context.durable_execution_arn
        # The id is the execution's name, which is there however long its record is.
        return invocation.run(event or {}, arn.split("/")[-2], SdkSteps(context))

    return durable_execution(execute, boto3_client=client)
