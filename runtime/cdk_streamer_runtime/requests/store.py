"""Requests in the table. Every write names the state and the attempt that it expects to find."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cdk_streamer_runtime.contract import OWNER_INDEX, SUBSCRIBERS_PER_CHANNEL, ItemKind, State
from cdk_streamer_runtime.documents import decode, encode
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import (
    ConditionFailed,
    LeaseLost,
    RequestChanged,
    RequestNotFound,
    TooManySubscribers,
)
from cdk_streamer_runtime.keys import owner_key
from cdk_streamer_runtime.limits.ledger import Ledger
from cdk_streamer_runtime.limits.quota import Quota
from cdk_streamer_runtime.requests.chunks import ChunkStore
from cdk_streamer_runtime.requests.intake import Intake
from cdk_streamer_runtime.requests.items import (
    Body,
    Page,
    cursor_of,
    is_kept,
    item_key,
    start_of,
)
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.transitions import LEASED, TERMINAL, Event, next_state
from cdk_streamer_runtime.sockets.subscribers import forget, room


class RequestStore:
    """Reads and writes the items of requests. `retention` is in seconds, `now` in milliseconds."""

    def __init__(
        self,
        table: Table,
        *,
        retention: int,
        new_mark: Callable[[], str],
        ledger: Ledger | None = None,
    ) -> None:
        """Take the table, how long requests stay, a source of unique marks, and what counts."""
        self._table = table
        self._intake = Intake(table, retention=retention, ledger=ledger or Ledger(table))
        self._retention = retention
        self._new_mark = new_mark

    @property
    def chunks(self) -> ChunkStore:
        """Where the chunks of requests are."""
        return ChunkStore(self._table, retention=self._retention)

    def submit(
        self, request: Request, body: Body, now: int, quotas: Sequence[Quota] = ()
    ) -> tuple[Request, bool]:
        """Store a new request, or give the one that has its id already, and whether it is new.

        Raises Conflict when the id belongs to a request with another body, and RateLimited.
        """
        return self._intake.submit(request, body, now, quotas)

    def read(self, key: str, now: int) -> Request | None:
        """Give a request as it is at this moment; expired items count as gone."""
        item = self._table.get(item_key(key), consistent=True)
        return None if item is None or item["ttl"] * 1000 <= now else Request.from_item(item)

    def body(self, key: str) -> Body:
        """Give what the client sent; raises RequestNotFound."""
        item = self._table.get({"pk": key, "sk": ItemKind.PAYLOAD}, consistent=True)
        if item is None:
            raise RequestNotFound("the request's payload is gone")
        return Body(payload=decode(item["payload"]), metadata=decode(item["metadata"]))

    def claim(self, key: str, attempt: int, worker: str, now: int, lease: int) -> Request:
        """Take the attempt that is due, for `lease` milliseconds.

        Raises RequestChanged, with the request as it stands, when the attempt is not due, and
        RequestNotFound when there is none.
        """
        try:
            item = self._table.update(
                item_key(key),
                "SET #state = :running, worker = :worker, mark = :worker, lease_until = :lease, "
                "deadline_at = :now + #timeout, claimed_at = if_not_exists(claimed_at, :now) "
                "REMOVE tick",
                condition="attempt = :attempt AND (#state = :waiting "
                "OR #state = :queued AND expires_at > :now) AND attribute_not_exists(executor)",
                names=_names("state", "timeout"),
                values={
                    ":running": State.RUNNING,
                    ":queued": State.QUEUED,
                    ":waiting": State.RETRY_WAIT,
                    ":worker": worker,
                    ":lease": now + lease,
                    ":now": now,
                    ":attempt": attempt,
                },
            )
        except ConditionFailed as failure:
            return _own_write(failure, worker)
        return Request.from_item(item)

    def tick(
        self,
        held: Request,
        number: int,
        *,
        progress: Mapping[str, Any] | None = None,
        chunks: int = 0,
        lease_until: int | None = None,
        gone: frozenset[str] = frozenset(),
    ) -> Request:
        """Write a progress snapshot, extend the lease, forget subscribers: one conditional write.

        `number` grows with each tick of an attempt: one that was given up and lands late must
        not take back what a later one said. `chunks` is how many more are stored already.
        Raises LeaseLost when the attempt belongs to nobody or to somebody else.
        """
        changes = ["tick = :tick"]
        names = _names("state")
        values: dict[str, Any] = {
            ":running": State.RUNNING,
            ":cancelling": State.CANCELLING,
            ":attempt": held.attempt,
            ":worker": held.worker,
            ":tick": number,
        }
        if progress is not None:
            changes.append("progress = :progress, seq = seq + :one")
            values |= {":progress": encode(progress), ":one": 1}
        if chunks:
            changes.append("chunks = :chunks, seq = seq + :more")
            values |= {":chunks": held.chunks + chunks, ":more": chunks}
        if lease_until is not None:
            changes.append("lease_until = :lease")
            values[":lease"] = lease_until
        expression = f"SET {', '.join(changes)}" + forget(gone, names)
        try:
            item = self._table.update(
                item_key(held.key),
                expression,
                condition="#state IN (:running, :cancelling) AND attempt = :attempt "
                "AND worker = :worker AND (attribute_not_exists(tick) OR tick < :tick)",
                names=names,
                values=values,
            )
        except ConditionFailed as failure:
            return _own_tick(failure, held, number)
        return Request.from_item(item)

    def transition(
        self,
        request: Request,
        event: Event,
        now: int,
        *,
        messages: int = 1,
        changes: Mapping[str, Any] | None = None,
        gone: frozenset[str] = frozenset(),
        exact: bool = False,
    ) -> Request:
        """Lead the request to its next state; `messages` is how many numbers its news take.

        `exact`: unless something was said meanwhile, such as the question after the one meant.
        Raises RequestChanged, with the request as it stands now, when somebody was faster.
        """
        state = next_state(request.state, event)
        mark = self._new_mark()
        values: dict[str, Any] = {**(changes or {}), "state": state, "mark": mark}
        if state in TERMINAL:
            values |= {"ended_at": now, "ttl": now // 1000 + self._retention}
        if state is State.RETRY_WAIT:
            values["chunks"] = 0  # of the attempt that follows
        names = _names(*values)
        setters = ", ".join(f"#{name} = :{name}" for name in values)
        try:
            item = self._table.update(
                item_key(request.key),
                f"SET {setters}, seq = seq + :messages{forget(gone, names)}",
                condition="#state = :from AND attempt = :held" + (" AND seq = :seq" * exact),
                names=names,
                values={f":{name}": value for name, value in values.items()}
                | {":from": request.state, ":held": request.attempt, ":messages": messages}
                | ({":seq": request.seq} if exact else {}),
            )
        except ConditionFailed as failure:
            return _own_write(failure, mark)
        return Request.from_item(item)

    def subscribe(
        self,
        key: str,
        connection: str,
        expires: int,
        now: int,
        gone: frozenset[str] = frozenset(),
    ) -> Request:
        """Add a subscriber, in place of those that are gone, and give the snapshot of that moment.

        A request that has ended is only read. Raises RequestNotFound, TooManySubscribers.
        """
        names = _names("state", "subs", "ttl") | {"#connection": connection}
        try:
            item = self._table.update(
                item_key(key),
                f"SET #subs.#connection = :expires{forget(gone, names)}",
                condition="NOT (#state IN (:succeeded, :failed, :cancelled, :expired)) "
                f"AND #ttl > :now AND (attribute_exists(#subs.#connection) OR {room(gone)})",
                names=names,
                values={
                    ":succeeded": State.SUCCEEDED,
                    ":failed": State.FAILED,
                    ":cancelled": State.CANCELLED,
                    ":expired": State.EXPIRED,
                    ":expires": expires,
                    ":now": now // 1000,
                    ":most": SUBSCRIBERS_PER_CHANNEL,
                },
            )
        except ConditionFailed as failure:
            return _readable(failure, now)
        return Request.from_item(item)

    def unsubscribe(self, key: str, connection: str) -> None:
        """Forget a subscriber; harmless when there is none."""
        try:
            self._table.update(
                item_key(key),
                "REMOVE #subs.#connection",
                condition="attribute_exists(pk)",
                names=_names("subs") | {"#connection": connection},
            )
        except ConditionFailed:
            raise RequestNotFound("there is no such request") from None

    def list(
        self,
        tenant: str,
        owner: str,
        *,
        state: State | None,
        limit: int,
        cursor: str | None,
        now: int,
    ) -> Page:
        """Give an owner's requests, newest first. The index follows the table within moments."""
        key = owner_key(tenant, owner)
        page = self._table.query(
            "owner_key = :owner",
            keep="#state = :state" if state else None,
            names=_names("state") if state else {},
            values={":owner": key} | ({":state": state} if state else {}),
            index=OWNER_INDEX,
            limit=limit,
            start=start_of(cursor, key),
            forward=False,
        )
        kept = [item for item in page.items if is_kept(item, self._retention, now)]
        return Page(requests=tuple(kept), cursor=cursor_of(page.next_key))


def _names(*attributes: str) -> dict[str, str]:
    return {f"#{attribute}": attribute for attribute in attributes}


def _own_write(failure: ConditionFailed, mark: str) -> Request:
    """Recognize a write of one's own whose answer was lost; else tell how the request stands."""
    if failure.item is None:
        raise RequestNotFound("there is no such request") from None
    request = Request.from_item(failure.item)
    if request.mark == mark:
        return request
    text = f"the request is {request.state} in attempt {request.attempt}"
    raise RequestChanged(text, request) from None


def _own_tick(failure: ConditionFailed, held: Request, number: int) -> Request:
    item = failure.item or {}
    if item.get("worker") == held.worker and item.get("tick") == number:
        request = Request.from_item(item)
        if request.attempt == held.attempt and request.state in LEASED:
            return request
    raise LeaseLost(f"attempt {held.attempt} is no longer this worker's") from None


def _readable(failure: ConditionFailed, now: int) -> Request:
    if failure.item is None or failure.item["ttl"] * 1000 <= now:
        raise RequestNotFound("there is no such request") from None
    request = Request.from_item(failure.item)
    if not request.is_terminal:
        raise TooManySubscribers(
            f"a request has at most {SUBSCRIBERS_PER_CHANNEL} subscribers", request.subscribers
        ) from None
    return request
