"""Trying again: safe, since to ask the service twice for the same is to ask it once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from cdk_streamer_client.errors import ConnectionLost, StreamerClientError, Unreachable
from cdk_streamer_client.timers.transport import Answer, Transport, Untrusted

PASSING = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often to try, and how many seconds to wait between two tries.

    A wait is drawn from 0 to a bound that doubles from `backoff_least` to `backoff_most`, so that
    clients that failed together do not come back together. A service that asks for more time gets
    it, but for more than `longest_wait`: then its error is raised, with `retry_after`.
    """

    attempts: int = 5
    backoff_least: float = 0.2
    backoff_most: float = 20.0
    longest_wait: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    uniform: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        """Refuse what would never try, or wait backwards; raises ValueError."""
        if self.attempts < 1:
            raise ValueError(f"attempts must be at least 1, got {self.attempts!r}")
        for name in ("backoff_least", "backoff_most", "longest_wait"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)!r}")

    def send(
        self,
        transport: Transport,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> Answer:
        """Give the first answer that stands; the last one, or what broke, when all tries failed."""
        for failures in range(1, self.attempts):
            asked = 0.0
            try:
                answer = Answer(*transport(method, path, headers, body))
            except (ConnectionLost, Unreachable, OSError) as error:
                if isinstance(error, Untrusted):
                    raise
            else:
                asked = retry_after(answer.headers) or 0.0
                if answer.status not in PASSING or asked > self.longest_wait:
                    return answer
            self.sleep(asked + self._backoff(failures))
        try:
            return Answer(*transport(method, path, headers, body))
        except StreamerClientError:
            raise
        except OSError as error:
            raise ConnectionLost(f"the connection broke: {error}", may_have_run=True) from error

    def _backoff(self, failures: int) -> float:
        doublings = min(failures - 1, 30)
        return self.uniform() * min(self.backoff_most, self.backoff_least * 2**doublings)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Give the seconds that an answer asks to wait; a date in it is read too (RFC 9110, 10.2.3)."""
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())
