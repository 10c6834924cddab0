"""Batches run by AWS's own SDK, in its own test runner."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aws_durable_execution_sdk_python_testing import DurableFunctionTestRunner

from cdk_streamer_runtime.batches.sdk import batch_handler
from cdk_streamer_runtime.memory.batches import Killed
from cdk_streamer_runtime.testing import MemoryBatch


@dataclass(frozen=True)
class SdkRun:
    """How an execution ended, and how many operations its record has."""

    status: str
    result: Any
    error: Any
    operations: list[str]

    @property
    def names(self) -> list[str]:
        return sorted(self.operations)


def run(
    memory: MemoryBatch, payload: Any = None, functions: dict[str, Callable[..., Any]] | None = None
) -> SdkRun:
    """Run a batch over the queues in memory, but in the SDK's threads and with its record."""
    invoke = batch_handler(memory.invocation)

    def handler(event: Any, context: Any) -> Any:
        try:
            return invoke(event, context)
        except Killed as death:  # the runner knows processes that die by an Exception of theirs
            raise ChildProcessError from death

    runner = DurableFunctionTestRunner(handler, poll_interval=0.01)
    runner._executor.RETRY_BACKOFF_SECONDS = 0  # noqa: SLF001 - real ones, before a dead process
    try:
        for name, function in (functions or {}).items():
            runner.register_function(name, function)
        arn = runner.run_async(input=json.dumps({"payload": payload}), execution_name="b")
        ended = runner.wait_for_result(arn, timeout=20)
        record = runner._store.load(arn).operations  # noqa: SLF001 - it has no other way
    finally:
        runner.close()
        runner._scheduler._loop.close()  # noqa: SLF001 - it forgets to
    result = json.loads(ended.result) if ended.result else None
    names = [operation.name or operation.operation_type.value for operation in record]
    return SdkRun(ended.status.value, result, ended.error, names)
