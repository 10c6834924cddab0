"""What EventBridge invokes, as Lambda does it when nobody waits; in the engine's process.

The engine calls such a function once, whatever comes of it. On AWS it is tried again twice, or as
the function's EventInvokeConfig says, and what failed goes to the destination for that.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import json
import logging
from typing import Any

logger = logging.getLogger("cdk-streamer.background")


def invoke_in_background(events: Any, functions: Any) -> None:  # noqa: ANN401 - modules of the engine
    """Let targets of rules and schedules have the engine's own retries."""

    def dispatch(arn: str, payload: str) -> None:
        found, configuration, name = functions._get_func_record_for_ref(arn)  # noqa: SLF001
        if not found or not configuration:
            logger.warning("the function %s is not there", name)
            return
        record = functions._execution_record_for_config(found, configuration)  # noqa: SLF001
        functions.invoke_async_with_retry(record, _decoded(payload))

    events._dispatch_to_lambda = dispatch  # noqa: SLF001


def _decoded(payload: str) -> object:
    try:
        return json.loads(payload)
    except ValueError:
        return {"body": payload}
