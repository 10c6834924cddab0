"""What only durable attempts write to a request: their claim, their sleep, what they were told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cdk_streamer_runtime.contract import Executor, State
from cdk_streamer_runtime.documents import encode
from cdk_streamer_runtime.durable.steps import Execution
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import ConditionFailed, LeaseLost, RequestChanged, RequestNotFound
from cdk_streamer_runtime.requests.items import forget, item_key
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.transitions import LEASED

HELD = frozenset({*LEASED, State.INPUT_REQUIRED})


class DurableStore:
    """Writes the items of requests that run as durable executions. `now` is in milliseconds."""

    def __init__(self, table: Table, *, new_mark: Callable[[], str]) -> None:
        """Take the table and a source of unique marks."""
        self._table = table
        self._new_mark = new_mark

    def claim(self, key: str, attempt: int, execution: Execution, now: int) -> Request:
        """Take the attempt that is due, or give it back to the execution that has it already.

        Raises RequestChanged, with the request as it stands, when it is another one's or not due,
        and RequestNotFound when there is none.
        """
        try:
            item = self._table.update(
                item_key(key),
                "SET #state = :running, worker = :worker, mark = :worker, execution = :execution, "
                "deadline_at = :now + #timeout, claimed_at = if_not_exists(claimed_at, :now) "
                "REMOVE tick, asleep_until, answer, #input",
                condition="attempt = :attempt AND (#state = :waiting "
                "OR #state = :queued AND expires_at > :now) AND executor = :durable",
                names={"#state": "state", "#timeout": "timeout", "#input": "input"},
                values={
                    ":running": State.RUNNING,
                    ":queued": State.QUEUED,
                    ":waiting": State.RETRY_WAIT,
                    ":durable": Executor.DURABLE,
                    ":worker": execution.name,
                    ":execution": execution.arn,
                    ":now": now,
                    ":attempt": attempt,
                },
            )
        except ConditionFailed as failure:
            return self._claimed(failure, attempt, execution)
        return Request.from_item(item)

    def _claimed(self, failure: ConditionFailed, attempt: int, execution: Execution) -> Request:
        if failure.item is None:
            raise RequestNotFound("there is no such request") from None
        request = Request.from_item(failure.item)
        if (request.worker, request.attempt) == (execution.name, attempt) and request.state in HELD:
            return self._write(request, "SET mark = :mark REMOVE asleep_until", {})
        text = f"the request is {request.state} in attempt {request.attempt}"
        raise RequestChanged(text, request) from None

    def rest(
        self,
        held: Request,
        number: int,
        until: int,
        *,
        progress: Mapping[str, Any] | None,
        gone: frozenset[str],
    ) -> Request:
        """Note that the attempt sleeps, with its last report; raises LeaseLost."""
        changes = ["asleep_until = :until", "tick = :tick", "mark = :mark"]
        fresh = " AND (attribute_not_exists(tick) OR tick < :tick)"
        values: dict[str, Any] = {":until": until, ":tick": number}
        if progress is not None:
            changes.append("progress = :progress, seq = seq + :one")
            values |= {":progress": encode(progress), ":one": 1}
        names: dict[str, str] = {}
        expression = f"SET {', '.join(changes)}{forget(gone, names)}"
        return self._write(held, expression, values, names, condition=fresh)

    def heard(self, held: Request) -> Request:
        """Forget an answer that the handler has; raises LeaseLost."""
        names = {"#input": "input"}
        return self._write(held, "SET mark = :mark REMOVE answer, #input", {}, names)

    def _write(
        self,
        held: Request,
        expression: str,
        values: Mapping[str, Any],
        names: Mapping[str, str] | None = None,
        condition: str = "",
    ) -> Request:
        """Change the request of an attempt that is still this execution's; raises LeaseLost."""
        mark = self._new_mark()
        try:
            item = self._table.update(
                item_key(held.key),
                expression,
                condition="#state IN (:running, :cancelling, :asking) AND attempt = :attempt "
                f"AND worker = :worker{condition}",
                names={"#state": "state", **(names or {})},
                values={
                    **values,
                    ":running": State.RUNNING,
                    ":cancelling": State.CANCELLING,
                    ":asking": State.INPUT_REQUIRED,
                    ":attempt": held.attempt,
                    ":worker": held.worker,
                    ":mark": mark,
                },
            )
        except ConditionFailed as failure:
            if failure.item is not None and failure.item.get("mark") == mark:
                return Request.from_item(failure.item)
            raise LeaseLost(f"attempt {held.attempt} is no longer this execution's") from None
        return Request.from_item(item)
