"""Insistence: how often, and how long apart, a call is repeated in place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.errors import Retryable
from cdk_streamer_runtime.streams.engine.world import World

_LONGEST = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Insistence:
    """Pauses are random from 0 to `base` doubled each time, in milliseconds, and never over `cap`.

    The client repeats a call by itself already; here it is also about entries of bulk calls, of
    which services take some and not others.
    """

    attempts: int = 4
    base: int = 100
    cap: int = 5_000

    def pause(self, attempt: int, error: BaseException, world: World) -> int | None:
        """Give how long to wait after this many attempts; None: it is too often or too late."""
        if attempt >= self.attempts:
            return None
        most = min(self.cap, self.base * 2 ** (attempt - 1))
        pause = int(world.platform.uniform() * most + _wanted(error) * 1_000)
        return pause if world.platform.clock() + pause < world.deadline else None


def _wanted(error: BaseException) -> float:
    """Give the seconds that an error asks for; whatever a server has said, they have an end."""
    after: Any = error.after if isinstance(error, Retryable) else None
    is_span = isinstance(after, int | float) and after > 0
    return float(min(after, _LONGEST)) if is_span else 0.0
