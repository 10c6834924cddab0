"""The durable function in memory: takes what is due of `MemoryExecutions`, and runs it."""

from __future__ import annotations

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.durable.steps import Execution, NotWritten, execution_name
from cdk_streamer_runtime.durable.worker import DurableWorker
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.memory.executions import MemoryExecutions
from cdk_streamer_runtime.memory.steps import MemorySteps, Suspended
from cdk_streamer_runtime.requests.queues import WorkMessage


class MemoryFunction:
    """Invokes a durable worker as Lambda would; `aws` is what its steps checkpoint through."""

    def __init__(self, worker: DurableWorker, aws: Aws, executions: MemoryExecutions) -> None:
        self._worker = worker
        self._aws = aws
        self._executions = executions

    def execute(self) -> bool:
        """Run the next invocation that is due; False when none is. A killed one is repeated."""
        event = self._executions.take()
        if event is None:
            return False
        first = event["InitialExecutionState"]["Operations"][0]
        start = WorkMessage.from_body(first["ExecutionDetails"]["InputPayload"])
        arn = event["DurableExecutionArn"]
        execution = Execution(name=execution_name(start.key, start.attempt), arn=arn)
        end = "RETRY"
        try:
            self._worker.run(start, execution, MemorySteps(self._aws, event))
            end = "SUCCEEDED"
        except Suspended:
            end = "PENDING"
        except (AwsError, NotWritten):
            return True
        finally:
            self._executions.finish(arn, end)
        return True
