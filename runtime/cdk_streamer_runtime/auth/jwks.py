"""Where the key of a token comes from: the issuer's JWKS, cached, or one pinned key."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from cdk_streamer_runtime.auth import json_object
from cdk_streamer_runtime.auth.denial import Denied, Reason
from cdk_streamer_runtime.auth.keys import PublicKey
from cdk_streamer_runtime.auth.token import Token
from cdk_streamer_runtime.errors import StreamerError

FRESH_MILLISECONDS = 10 * 60_000
PAUSE_MILLISECONDS = 30_000
# With no key at all nobody can connect, so a short fault of the issuer must not last half a minute.
EMPTY_PAUSE_MILLISECONDS = 5_000
STALE_MILLISECONDS = 24 * 60 * 60_000

_logger = logging.getLogger(__name__)


class JwksUnavailable(StreamerError):
    """The issuer gave no JWKS; the text says why, without a word of the answer."""


class KeySource(Protocol):
    """Finds the key that a token names."""

    def find(self, token: Token) -> PublicKey:
        """Give the one key that may have signed the token; raises Denied without one."""
        ...


@dataclass(frozen=True, slots=True)
class PinnedKey:
    """One key for every token, whatever key id the token names."""

    key: PublicKey

    def find(self, token: Token) -> PublicKey:
        """Give the key; `PublicKey.verify` refuses an algorithm that does not fit."""
        del token
        return self.key


@dataclass(frozen=True, slots=True)
class _Snapshot:
    keys: Sequence[PublicKey]
    fetched_at: int


class Jwks:
    """The issuer's keys, fetched at first use and again when they are old or a key is new.

    `fetch` takes no argument: nothing that a token says can steer a request. An unknown key id
    causes one fetch in 30 s, over all tokens. While the issuer is down, keys serve for 24 h.
    """

    def __init__(self, fetch: Callable[[], bytes], clock: Callable[[], int]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._snapshot: _Snapshot | None = None
        self._tried_at: int | None = None

    def find(self, token: Token) -> PublicKey:
        """Give the one key with the token's key id and algorithm; raises Denied without one.

        A token without a key id needs an issuer with one key for its algorithm.
        """
        if self._should_fetch(token.key_id):
            with self._lock:
                # Whoever waited here finds the work done.
                if self._should_fetch(token.key_id):
                    self._refresh()
        snapshot = self._snapshot
        if snapshot is None or not self._within(snapshot.fetched_at, STALE_MILLISECONDS):
            raise Denied(Reason.KEYS_UNAVAILABLE)
        keys = [
            key
            for key in snapshot.keys
            if token.algorithm in key.algorithms and token.key_id in (None, key.key_id)
        ]
        if len(keys) != 1:
            # Two keys under one id are as good as none: which of them is meant is a guess.
            raise Denied(Reason.UNKNOWN_KEY)
        return keys[0]

    def _should_fetch(self, key_id: str | None) -> bool:
        snapshot = self._snapshot
        pause = PAUSE_MILLISECONDS if snapshot else EMPTY_PAUSE_MILLISECONDS
        if self._within(self._tried_at, pause):
            return False
        return (
            snapshot is None
            or not self._within(snapshot.fetched_at, FRESH_MILLISECONDS)
            or (key_id is not None and all(key.key_id != key_id for key in snapshot.keys))
        )

    def _within(self, since: int | None, span: int) -> bool:
        return since is not None and 0 <= self._clock() - since < span

    def _refresh(self) -> None:
        started = self._clock()
        try:
            keys = read_keys(self._fetch())
        except JwksUnavailable as fault:
            _logger.warning("keys not refreshed", extra={"cause": str(fault)})
        except ValueError:
            _logger.warning("keys not refreshed", extra={"cause": "the answer is no JWKS"})
        else:
            self._snapshot = _Snapshot(keys, started)
        finally:
            # Only now: whoever comes meanwhile must wait for the keys and not go without.
            self._tried_at = started


def read_keys(data: bytes) -> Sequence[PublicKey]:
    """Read a JWKS and leave out what is not fit for tokens; raises ValueError for no JWKS."""
    entries = json_object.read(data).get("keys")
    if not isinstance(entries, list):
        raise ValueError("no list of keys")  # noqa: TRY004 - the text is wrong
    keys: list[PublicKey] = []
    for entry in cast("list[object]", entries):
        try:
            if not isinstance(entry, dict):
                raise ValueError("the key is not an object")  # noqa: TRY004, TRY301 - as above
            key = PublicKey.from_jwk(cast("dict[str, object]", entry))
        except ValueError as fault:
            _logger.info("key skipped", extra={"cause": str(fault)})
            continue
        if key not in keys:
            keys.append(key)
    return keys
