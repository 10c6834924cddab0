"""How requests are laid out in the table: their items, keys and cursors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.contract import MAX_DELAY_SECONDS, REQUEST_ID_PATTERN, Executor, ItemKind
from cdk_streamer_runtime.documents import decode, encode
from cdk_streamer_runtime.keys import owner_key
from cdk_streamer_runtime.requests.request import Request

# DynamoDB would refuse some texts as keys, and its answer would pass for a fault of the service.
_CREATED = re.compile(rf"[0-9]{{15}}#{REQUEST_ID_PATTERN}")
_KEY = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What the client sent with a request."""

    payload: Any
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Part of an owner's requests, newest first, and where the next part begins."""

    requests: tuple[Mapping[str, Any], ...]
    cursor: str | None


def item_key(key: str) -> dict[str, str]:
    """Give the key of a request's item."""
    return {"pk": key, "sk": ItemKind.REQUEST}


def request_item(request: Request) -> dict[str, Any]:
    """Write a request as it is accepted."""
    item: dict[str, Any] = {
        **item_key(request.key),
        "tenant": request.tenant,
        "owner": request.owner,
        "request_id": request.request_id,
        "action": request.action,
        "body_hash": request.body_hash,
        "created_at": request.created_at,
        "expires_at": request.expires_at,
        "timeout": request.timeout,
        "max_attempts": request.max_attempts,
        "state": request.state,
        "attempt": request.attempt,
        "seq": request.seq,
        "mark": request.mark,
        "subs": dict(request.subscribers),
        **({"executor": request.executor} if request.executor is Executor.DURABLE else {}),
        "owner_key": owner_key(request.tenant, request.owner),
        "created_key": f"{request.created_at:015d}#{request.request_id}",
    }
    optional = {"trace": request.trace, "webhook": request.webhook}
    slots = {"slots": list(request.slots)} if request.slots else {}
    return item | slots | {name: value for name, value in optional.items() if value is not None}


def last_moment(request: Request) -> int:
    """Give when even the last attempt of a request has ended, whatever happens to it."""
    waiting = request.expires_at - request.created_at
    attempt = waiting + request.timeout + MAX_DELAY_SECONDS * 1000
    return request.expires_at + request.max_attempts * attempt


def is_kept(entry: Mapping[str, Any], retention: int, now: int) -> bool:
    """Tell whether a listed request can still be read: the TTL removes it some days later."""
    return "ended_at" not in entry or entry["ended_at"] // 1000 + retention > now // 1000


def payload_item(key: str, body: Body, ttl: int) -> dict[str, Any]:
    """Write what came with a request: read once an attempt, and never with a tick."""
    return {
        "pk": key,
        "sk": ItemKind.PAYLOAD,
        "payload": encode(body.payload),
        "metadata": encode(body.metadata),
        "ttl": ttl,
    }


def cursor_of(next_key: Mapping[str, Any] | None) -> str | None:
    """Write where a page ended."""
    return encode([next_key["created_key"], next_key["pk"]]) if next_key else None


def start_of(cursor: str | None, owner: str) -> dict[str, Any] | None:
    """Rebuild the index key; the owner comes from the connection, never from the cursor."""
    if cursor is None:
        return None
    match decode(cursor):
        case [str(created), str(key)] if _CREATED.fullmatch(created) and _KEY.fullmatch(key):
            return {"pk": key, "sk": ItemKind.REQUEST, "owner_key": owner, "created_key": created}
        case _:
            raise ValueError("the cursor is not one of ours")
