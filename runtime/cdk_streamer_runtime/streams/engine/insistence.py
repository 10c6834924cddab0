"""Insistence: how often, and how long apart, a call is repeated in place."""

from __future__ import annotations

from dataclasses import dataclass

from cdk_streamer_runtime.errors import Retryable
from cdk_streamer_runtime.streams.engine.world import World


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
        wanted = getattr(error, "after", None) if isinstance(error, Retryable) else None
        pause = int(world.platform.uniform() * most + (wanted or 0) * 1_000)
        return pause if world.platform.clock() + pause < world.deadline else None
