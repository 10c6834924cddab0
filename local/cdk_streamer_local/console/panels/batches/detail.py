"""One execution in full: what it got and gave, its operations, and the chunks of a batch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cdk_streamer_local.console.panels.batches import executions
from cdk_streamer_local.console.panels.batches.executions import Execution
from cdk_streamer_local.console.panels.batches.finding import DurableFunction, Kind
from cdk_streamer_local.console.panels.batches.history import (
    Chunk,
    Operation,
    Progress,
    chunks,
    operations,
    progress,
)
from cdk_streamer_local.console.panels.batches.runs import error_of, parsed
from cdk_streamer_runtime.aws import Aws

_OPERATIONS = 400  # that are shown of an execution, the latest
_CHUNKS = 400
_LETTERS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An item that was given up."""

    id: str
    key: str
    reason: str
    data: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDetail:
    """All of it. `operations` are those that are no chunk's."""

    arn: str
    name: str
    kind: Kind
    owner: str
    function: str
    state: str
    started: float
    ended: float | None
    input: Any
    result: Any
    error: str
    trace: Sequence[str]
    progress: Progress | None
    chunk_size: int
    max_attempts: int
    chunks: Sequence[Chunk]
    more_chunks: int
    operations: Sequence[Operation]
    more_operations: int
    invocations: int
    letters: Sequence[Letter]
    request: str


def detail(aws: Aws, function: DurableFunction, arn: str) -> RunDetail:
    """Read it; raises AwsError."""
    whole = executions.whole(aws, arn)
    execution = Execution.read(whole)
    done, invocations = operations(executions.events(aws, arn))
    batch = function.batch
    of_batch = chunks(done, batch.chunk_size, batch.max_attempts) if batch else []
    within = {step.id for chunk in of_batch for step in chunk.steps}
    others = [operation for operation in done if operation.id not in within]
    error: Mapping[str, Any] = whole.get("Error") or {}
    return RunDetail(
        arn=arn,
        name=execution.name,
        kind=function.kind,
        owner=function.owner,
        function=function.label,
        state=execution.status.lower(),
        started=execution.started,
        ended=execution.ended,
        input=parsed(whole.get("InputPayload")),
        result=parsed(whole.get("Result")),
        error=error_of(whole),
        trace=error.get("StackTrace") or (),
        progress=progress(done, batch.chunk_size, batch.max_attempts) if batch else None,
        chunk_size=batch.chunk_size if batch else 0,
        max_attempts=batch.max_attempts if batch else 0,
        chunks=of_batch[-_CHUNKS:],
        more_chunks=max(len(of_batch) - _CHUNKS, 0),
        operations=others[-_OPERATIONS:],
        more_operations=max(len(others) - _OPERATIONS, 0),
        invocations=invocations,
        letters=list(_letters(aws, batch.dead_letter_queue_url, execution.name) if batch else ()),
        request=f"{execution.name.rpartition('-')[0]}@{function.api}" if function.api else "",
    )


def _letters(aws: Aws, url: str | None, batch_id: str) -> Iterator[Letter]:
    """Give the items of a batch that wait among the dead letters; none is received for it."""
    if url is None:
        return
    asked = {"QueueUrl": url, "Text": json.dumps(batch_id), "Limit": _LETTERS}
    for message in aws.call("sqs", "CdkStreamerPeek", asked)["Messages"]:
        told = json.loads(message["Body"])
        if told.get("batch_id") == batch_id:
            yield Letter(
                id=told["id"], key=told["key"], reason=told["reason"], data=told.get("data")
            )
