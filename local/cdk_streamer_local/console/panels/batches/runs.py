"""The executions of an app as rows; what is over is asked for once."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from cdk_streamer_local.console.panels.batches import executions
from cdk_streamer_local.console.panels.batches.executions import Execution
from cdk_streamer_local.console.panels.batches.finding import DurableFunction, Kind
from cdk_streamer_local.console.panels.batches.history import Progress, operations, progress
from cdk_streamer_runtime.aws import Aws

SHOWN = 100  # executions of a function, the latest
_KEPT = 5_000  # of what is over
_REST = 10  # a history takes the runner's time, so this much more is left to others


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution. `request` is the id by which the view of requests knows its request."""

    arn: str
    name: str
    kind: Kind
    owner: str
    function: str
    state: str
    started: float
    ended: float | None
    progress: Progress | None
    result: Any
    error: str
    request: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    progress: Progress | None
    result: Any
    error: str
    due: float


class Runs:
    """Reads them; threads may ask."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._told: dict[str, _Told] = {}

    def read(self, aws: Aws, function: DurableFunction) -> Iterator[Run]:
        """Give the latest of a function; raises AwsError."""
        name = function.alias or function.deployed.function.name
        for execution in executions.latest(aws, name, SHOWN):
            yield self._run(aws, function, execution)

    def _run(self, aws: Aws, function: DurableFunction, execution: Execution) -> Run:
        told = self._of(aws, function, execution)
        return Run(
            arn=execution.arn,
            name=execution.name,
            kind=function.kind,
            owner=function.owner,
            function=function.label,
            state=execution.status.lower(),
            started=execution.started,
            ended=execution.ended,
            progress=told.progress,
            result=told.result,
            error=told.error,
            request=f"{execution.name.rpartition('-')[0]}@{function.api}" if function.api else "",
        )

    def _of(self, aws: Aws, function: DurableFunction, execution: Execution) -> _Told:
        with self._lock:
            told = self._told.get(execution.arn)
            began = self._now()
            if told is not None and began < told.due:
                return told
            result, error = _outcome(aws, execution)
            known = _progress(aws, function, execution, result)
            ended = self._now()
            due = float("inf") if execution.is_over else ended + (ended - began) * _REST
            told = self._told[execution.arn] = _Told(
                progress=known, result=result, error=error, due=due
            )
            while len(self._told) > _KEPT:
                self._told.pop(next(iter(self._told)))
            return told


def _outcome(aws: Aws, execution: Execution) -> tuple[Any, str]:
    if not execution.is_over:
        return None, ""
    whole = executions.whole(aws, execution.arn)
    return parsed(whole.get("Result")), error_of(whole)


def _progress(
    aws: Aws, function: DurableFunction, execution: Execution, result: object
) -> Progress | None:
    if function.batch is None:
        return None
    match result:
        case {"discovered": int(discovered), "published": int(published), "failed": int(failed)}:
            told = cast("Mapping[str, Any]", result)
            return Progress(
                discovered=discovered,
                pages=0,
                chunks=told["chunks"],
                chunks_done=told["chunks"],
                published=published,
                failed=failed,
                retried=told["retried"],
            )
        case _:
            done, _ = operations(executions.events(aws, execution.arn))
            return progress(done, function.batch.chunk_size, function.batch.max_attempts)


def error_of(whole: Mapping[str, Any]) -> str:
    """Give what an execution failed with, in one line."""
    error: Mapping[str, Any] = whole.get("Error") or {}
    words: Sequence[Any] = (error.get("ErrorType"), error.get("ErrorMessage"))
    return ": ".join(str(word) for word in words if word)


def parsed(text: str | None) -> Any:  # noqa: ANN401 - any JSON
    """Read what an execution got or gave; what is no JSON stays text."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
