"""Asks again and again while there is time: a receive that is wasted is worth more than a wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from cdk_streamer_runtime.errors import AccessDenied, AwsError
from cdk_streamer_runtime.sinks.world import Platform

R = TypeVar("R")

# Pauses are random, from 0 to PAUSE doubled each time, in milliseconds.
PAUSE, LONGEST_PAUSE = 200, 5_000


def insisted(act: Callable[[], R], latest: int, platform: Platform) -> R:
    """Do it, again after what may pass, but not later than `latest`; raises AwsError."""
    attempt = 0
    while True:
        try:
            return act()
        except AwsError as error:
            longest = min(LONGEST_PAUSE, PAUSE << min(attempt, 10))
            pause = max(int(platform.uniform() * longest), 1)
            if isinstance(error, AccessDenied) or platform.clock() + pause > latest:
                raise
        platform.sleep(pause)
        attempt += 1
