"""What only durable attempts write to a request: their claim, their sleep, what they were told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cdk_streamer_runtime.contract import Executor, State
from cdk_streamer_runtime.documents import encode
from cdk_streamer_runtime.durable.steps import Execution
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import ConditionFailed, LeaseLost, RequestChanged, RequestNotFound
from cdk_streamer_runtime.requests.items import item_key
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.transitions import LEASED
from cdk_streamer_runtime.sockets.subscribers import forget

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

    def heard(self, held: Request, *, in_vain: bool = False) -> Request:
        """Forget an answer that the handler has; raises LeaseLost.

        One that came `in_vain` was too late, and whoever gives it again must hear so.
        """
        mark = "SET mark = :mark REMOVE answer, #input" + (", answered" * in_vain)
        # Landing late, it must not take the question that was asked since.
        return self._write(
            held,
            mark,
            {":answer": encode(held.answer)},
            {"#input": "input"},
            condition=" AND answer = :answer",
            is_done=lambda request: request.answer is None and _is_same(request, held),
        )

    def _write(
        self,
        held: Request,
        expression: str,
        values: Mapping[str, Any],
        names: Mapping[str, str] | None = None,
        *,
        condition: str = "",
        is_done: Callable[[Request], bool] = lambda _: False,
    ) -> Request:
        """Change the request of an attempt that is still this execution's; raises LeaseLost.

        `is_done` tells of a request that cannot be changed whether it is as it should be.
        """
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
            found = None if failure.item is None else Request.from_item(failure.item)
            if found is not None and (found.mark == mark or is_done(found)):
                return found
            raise LeaseLost(f"attempt {held.attempt} is no longer this execution's") from None
        return Request.from_item(item)


def _is_same(request: Request, held: Request) -> bool:
    return (request.worker, request.attempt) == (held.worker, held.attempt)
