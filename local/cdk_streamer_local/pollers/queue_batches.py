"""What becomes of a batch of a queue, in the place of the engine's own answer to that.

The engine acknowledges everything that a response does not name, also when Lambda could not
understand the response; and it takes one batch of a FIFO queue at a time, however many groups.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

from cdk_streamer_local.pollers.exposed import exposed

_PARTIAL = "ReportBatchItemFailures"
_PAUSE_SECONDS = 1.0  # after a batch that failed as a whole, as the engine has it


def failed(response: object, ids: Sequence[str]) -> frozenset[str]:
    """Give which messages of a batch failed, by the function's response.

    None, when it names no failure; all, when it cannot be understood or names an unknown message.
    """
    match response:
        case None:
            return frozenset()
        case dict():
            failures = cast("Mapping[str, object]", response).get("batchItemFailures")
        case _:
            return frozenset(ids)
    if failures is None:
        return frozenset()
    if not isinstance(failures, list):
        return frozenset(ids)
    named = {_id(failure) for failure in cast("list[object]", failures)}
    return frozenset(ids) if named - set(ids) else frozenset(cast("set[str]", named))


class QueueBatches:
    """The engine's batches of queues; `services` has its modules by their names."""

    def __init__(self, services: Any) -> None:  # noqa: ANN401 - modules of the engine
        self._functions = services.functions
        self._queues = services.sqs

    def take_place(self) -> None:
        """Be asked in the place of the engine's own."""
        self._functions._run_sqs_batch = self.run  # noqa: SLF001
        self._functions._sqs_esm_concurrency = self.most_at_once  # noqa: SLF001

    def run(
        self,
        mapping: dict[str, Any],
        function: Mapping[str, Any],
        event: Mapping[str, Any],
        batch: Sequence[Mapping[str, Any]],
        url: str,
        _queue: str,
    ) -> None:
        """Call the function, and acknowledge what it did."""
        paused = self._functions._esm_backoff_until  # noqa: SLF001
        with exposed():
            result: Mapping[str, Any] = self._functions._execute_function(function, event)  # noqa: SLF001
        if result.get("error"):
            mapping["LastProcessingResult"] = "FAILED"
            paused[mapping["UUID"]] = time.time() + _PAUSE_SECONDS
            return
        paused.pop(mapping["UUID"], None)
        again: frozenset[str] = frozenset()
        if _PARTIAL in mapping.get("FunctionResponseTypes", ()):
            again = failed(_decoded(result.get("body")), [each["id"] for each in batch])
        done = {each["receipt_handle"] for each in batch if each["id"] not in again}
        if done:
            self._queues._delete_messages_for_esm(url, done)  # noqa: SLF001
        mapping["LastProcessingResult"] = "OK" if done else "FAILED"

    def most_at_once(
        self,
        mapping: Mapping[str, Any],
        function: Mapping[str, Any],
        configuration: Mapping[str, Any],
        _queue: object = None,
    ) -> int:
        """Give how many batches may be under way; a group of a FIFO queue is in one of them."""
        scaling: Mapping[str, int] = mapping.get("ScalingConfig") or {}
        most = scaling.get("MaximumConcurrency") or self._functions._ESM_SQS_DEFAULT_CONCURRENCY  # noqa: SLF001
        reserved = self._functions._reserved_concurrency(function, configuration)  # noqa: SLF001
        return most if reserved is None else min(most, reserved)


def _id(failure: object) -> str | None:
    match failure:
        case {"itemIdentifier": str(id)}:
            return id
        case _:
            return None


def _decoded(body: object) -> object:
    if not isinstance(body, str):
        return body
    try:
        return json.loads(body)
    except ValueError:
        return body
