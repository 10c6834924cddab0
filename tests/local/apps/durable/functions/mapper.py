"""Works on items side by side, has others work on them, and tells what it may not."""

import os
from collections.abc import Sequence

from aws_durable_execution_sdk_python import DurableContext, durable_execution
from aws_durable_execution_sdk_python.config import (
    CompletionConfig,
    Duration,
    MapConfig,
    NestingType,
    StepConfig,
)
from aws_durable_execution_sdk_python.exceptions import InvokeError
from aws_durable_execution_sdk_python.retries import RetryStrategyConfig, create_retry_strategy
from aws_durable_execution_sdk_python.types import StepContext

TWICE = StepConfig(
    retry_strategy=create_retry_strategy(
        RetryStrategyConfig(max_attempts=2, initial_delay=Duration.from_seconds(1))
    )
)


@durable_execution
def handler(event: dict, context: DurableContext) -> dict:
    """Square numbers: each second one succeeds only when it is tried again, 9 never does."""

    def branch(child: DurableContext, number: int, _index: int, _numbers: Sequence) -> dict:
        def square(step: StepContext) -> int:
            if number == 9 or (number % 2 and step.attempt == 1):
                raise RuntimeError(f"{number} is hard")
            return number * number

        squared = child.step(square, name=f"square-{number}", config=TWICE)
        sent = {"number": squared}
        doubled = child.invoke(os.environ["DOUBLE"], sent, name=f"double-{number}")
        return {"doubled": doubled}

    mapped = context.map(
        event["numbers"],
        branch,
        name="numbers",
        config=MapConfig(
            max_concurrency=2,
            completion_config=CompletionConfig.all_completed(),
            nesting_type=NestingType(event["nesting"]),
        ),
    )
    return {
        "doubled": [each["doubled"] for each in mapped.get_results()],
        "failed": mapped.failure_count,
        "refused": refused(context) if event.get("forbidden") else None,
        "slept": context.invoke(os.environ["JOB"], {}, name="job") if event.get("sleep") else None,
    }


def refused(context: DurableContext) -> str:
    """Tell how the service refuses what the role may not invoke."""
    try:
        return context.invoke(os.environ["FORBIDDEN"], {"number": 1}, name="forbidden")
    except InvokeError as error:
        return f"{error.error_type}: {error}"
