"""Trying again what may succeed a moment later, where giving up would mean to repeat far more."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from cdk_streamer_runtime._faults import is_passing
from cdk_streamer_runtime.errors import AwsError, Unreachable
from cdk_streamer_runtime.timers.world import Platform

R = TypeVar("R")

ATTEMPTS = 4
PAUSE = 100  # milliseconds at most before the second attempt, doubled for each that follows


def persistently(platform: Platform, act: Callable[[], R]) -> R:
    """Do what is harmless when done twice; raises AwsError after some attempts."""
    for attempt in range(ATTEMPTS - 1):
        try:
            return act()
        except AwsError as error:
            if not may_pass(error):
                raise
        platform.sleep(max(int(platform.uniform() * (PAUSE << attempt)), 1))
    return act()


def may_pass(error: AwsError) -> bool:
    """Tell whether the same call may succeed a moment later."""
    return isinstance(error, Unreachable) or is_passing(error)
