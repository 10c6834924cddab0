"""Who may manage which connections. The engine judges; what it allowed is known for a second.

A verdict is about all connections of a stage, and about one key: with it comes what this key's
signatures are checked with until the engine is asked again.
"""

from __future__ import annotations

import asyncio
import base64
import calendar
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from cdk_streamer_local.gateway.bridge import EngineGone, Refused
from cdk_streamer_local.gateway.request import Answer, Request
from cdk_streamer_local.gateway.signature import Signature

Ask = Callable[[Mapping[str, object]], Awaitable[Mapping[str, Any]]]

VERDICT = "verdict"
FRESH_SECONDS = 1.0
# Who posts all the time does not wait: the engine is asked again while the old verdict holds.
STALE_SECONDS = 2.0
_KNOWN = 1024
# Less than the five minutes that AWS allows, so that the engine names the moment.
_SKEW_SECONDS = 240


class Place(NamedTuple):
    """What a call is about."""

    api: str
    stage: str


@dataclass(slots=True, kw_only=True)
class Verdict:
    """A permission. Without a `key` its holder need not sign."""

    key: bytes | None
    given_at: float
    is_asked_again: bool = False


class Verdicts:
    """The engine's verdicts; `ask` is the bridge to it, `clock` never goes back."""

    def __init__(self, ask: Ask, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._known: dict[tuple[object, ...], Verdict] = {}
        self._date = (b"", 0)  # the last one that was read
        self._asking: set[asyncio.Task[None]] = set()

    def allows(self, request: Request, place: Place) -> bool:
        """Tell whether the call is known to be allowed; otherwise `refusal` has to be asked."""
        signature = Signature.of(request)
        if signature is None:
            return False
        verdict = self._known.get(_name(request, place, signature))
        if verdict is None:
            return False
        age = self._clock() - verdict.given_at
        if age >= STALE_SECONDS:
            return False
        if verdict.key is not None and not self._is_signed(request, signature, verdict.key):
            return False
        if age >= FRESH_SECONDS and not verdict.is_asked_again:
            verdict.is_asked_again = True
            asking = asyncio.ensure_future(self._ask_again(request, place))
            self._asking.add(asking)
            asking.add_done_callback(self._asking.discard)
        return True

    async def refusal(self, request: Request, place: Place) -> Answer | None:
        """Ask the engine: None if the call is allowed, otherwise what to answer."""
        began = self._clock()
        answer = await self._ask(question(request))
        signature = Signature.of(request)
        if signature is not None:
            name = _name(request, place, signature)
            if answer["allowed"]:
                self._remember(name, answer.get("key"), began)
            else:
                self._known.pop(name, None)
        if answer["allowed"]:
            return None
        return Answer(answer["status"], answer["body"].encode(), answer["error"])

    async def _ask_again(self, request: Request, place: Place) -> None:
        with contextlib.suppress(EngineGone, Refused):  # whose next call is told of it
            await self.refusal(request, place)

    def _remember(self, name: tuple[object, ...], key: str | None, now: float) -> None:
        if len(self._known) >= _KNOWN:
            self._known = {
                each: verdict
                for each, verdict in self._known.items()
                if now - verdict.given_at < STALE_SECONDS
            }
        known = None if key is None else base64.b64decode(key)
        self._known[name] = Verdict(key=known, given_at=now)

    def _is_signed(self, request: Request, signature: Signature, key: bytes) -> bool:
        date, signed_at = self._date
        if date != signature.date:
            date, signed_at = signature.date, _seconds(signature.date)
            self._date = (date, signed_at)
        return abs(time.time() - signed_at) < _SKEW_SECONDS and signature.is_of(request, key)


def question(request: Request) -> dict[str, object]:
    """Give what the engine needs to judge: the very request."""
    return {
        "kind": VERDICT,
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": [
            [name.decode("latin-1"), value.decode("latin-1")] for name, value in request.headers
        ],
        "body": base64.b64encode(request.body).decode(),
    }


def _name(request: Request, place: Place, signature: Signature) -> tuple[object, ...]:
    return (signature.access_key, signature.scope, signature.token, request.method, place)


def _seconds(date: bytes) -> int:
    try:
        return calendar.timegm(time.strptime(date.decode("latin-1"), "%Y%m%dT%H%M%SZ"))
    except ValueError:
        return 0
