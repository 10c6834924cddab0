"""Batches: DurableBatches, their runs, and all other durable executions."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from cdk_streamer_local.console.metrics import Metrics
from cdk_streamer_local.console.panel import Alert, Body, Panel, Query, Refused, Unknown
from cdk_streamer_local.console.panels.batches import executions
from cdk_streamer_local.console.panels.batches.detail import RunDetail, detail
from cdk_streamer_local.console.panels.batches.finding import DurableFunction, DurableFunctions
from cdk_streamer_local.console.panels.batches.rows import BatchRow, batches_of, row_of
from cdk_streamer_local.console.panels.batches.runs import Run, Runs
from cdk_streamer_local.console.panels.deployed import DeployedFunctions, queue_labels
from cdk_streamer_local.console.reach import Reach
from cdk_streamer_local.console.running import Running
from cdk_streamer_runtime.batches.starting import Starter
from cdk_streamer_runtime.errors import AwsError, StreamerError

_FAILED = frozenset({"failed", "timed_out"})
_RECENT = 3_600  # seconds for which a failure calls for somebody


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchesGlance:
    """All batches, and the latest executions of every durable function, the latest first."""

    batches: Sequence[BatchRow]
    runs: Sequence[Run]
    functions: int


class Batches(Panel):
    """Read from the runner of durable executions, through Lambda's API."""

    name: ClassVar[str] = "batches"

    def __init__(self, metrics: Metrics, functions: DeployedFunctions, reach: Reach) -> None:
        self._metrics = metrics
        self._functions = DurableFunctions(functions)
        self._reach = reach
        self._runs = Runs()
        self._failed: Sequence[Run] = ()

    def read(self, running: Running) -> BatchesGlance:
        """Give all of it."""
        found = self._functions.read(running)
        runs = [
            run
            for function in found.functions
            for run in self._runs.read(self._reach.aws(running, function.stack), function)
        ]
        runs.sort(key=lambda run: -run.started)
        self._failed = [run for run in runs if run.state in _FAILED]
        queues = queue_labels(running)
        rows = [
            row_of(self._reach.aws(running, batch.stack), batch, self._metrics, queues)
            for batch in batches_of(found)
        ]
        return BatchesGlance(batches=rows, runs=runs, functions=len(found.functions))

    def alert(self, running: Running) -> Alert | None:
        """Tell of executions that failed lately, as of the last look."""
        del running
        begin = time.time() - _RECENT
        number = sum((run.ended or 0) > begin for run in self._failed)
        return Alert(number=number, words="executions failed in the last hour") if number else None

    def item(self, running: Running, id: str, query: Query) -> RunDetail:
        """Give one execution with all that it did."""
        del query
        function = self._function(running, id)
        try:
            return detail(self._reach.aws(running, function.stack), function, id)
        except AwsError as error:
            raise Unknown(f"there is no execution {id!r}: {error}") from error

    def act(self, running: Running, verb: str, body: Body) -> Mapping[str, Any]:
        """Stop an execution, or start a batch."""
        match verb:
            case "stop":
                arn = str(body.get("arn", ""))
                function = self._function(running, arn)
                try:
                    executions.stop(self._reach.aws(running, function.stack), arn)
                except AwsError as error:
                    raise Refused(f"it cannot be stopped: {error}") from error
                return {"arn": arn}
            case "start":
                return self._start(running, body)
            case _:
                raise Unknown(f"batches cannot {verb!r}")

    def _start(self, running: Running, body: Body) -> Mapping[str, Any]:
        name, id = str(body.get("batch", "")), str(body.get("id", ""))
        function = next(
            (each for each in self._functions.read(running).functions if each.owner == name), None
        )
        if function is None or function.batch is None:
            raise Unknown(f"there is no DurableBatch {name!r} with a function of its own")
        batch_id = id or f"by-hand-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        aws = self._reach.aws(running, function.stack)
        try:
            Starter(aws, function.batch).start(body.get("payload"), batch_id=batch_id)
        except (StreamerError, ValueError) as error:
            raise Refused(str(error)) from error
        return {"id": batch_id}

    def _function(self, running: Running, arn: str) -> DurableFunction:
        """Give the function of an execution: an ARN names both."""
        name = arn.partition(":function:")[2].partition(":")[0]
        for function in self._functions.read(running).functions:
            if function.deployed.function.name == name:
                return function
        raise Unknown(f"no durable function of this app has an execution {arn!r}")
