"""When a delivery that failed is tried again: the pauses that Standard Webhooks proposes.

A message's visibility is the clock: SQS counts how often it was received, and hides it for twelve
hours at most, so that a longer pause takes two receives, and the first of them sends nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from cdk_streamer_runtime.contract import MAX_VISIBILITY_SECONDS, WEBHOOK_RECEIVES

_MINUTE = 60
_HOUR = 60 * _MINUTE
# SQS counts the twelve hours from the receive, which is a while ago when a pause begins.
_LONGEST_HIDE = MAX_VISIBILITY_SECONDS - 5 * _MINUTE
# After the first attempt, and after each that follows; in seconds.
PAUSES = (
    *(5, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR),
    *(10 * _HOUR, 14 * _HOUR, 20 * _HOUR, 24 * _HOUR),
)


LONGEST_WAIT = _LONGEST_HIDE * 1000


class Step(NamedTuple):
    """What one receive of a message is for; `pause` is in milliseconds, None: it was the last."""

    sends: bool
    pause: int | None


def _steps() -> list[Step]:
    steps: list[Step] = []
    for pause in PAUSES:
        first = min(pause, _LONGEST_HIDE)
        steps.append(Step(sends=True, pause=first * 1000))
        if pause > first:
            steps.append(Step(sends=False, pause=min(pause - first, _LONGEST_HIDE) * 1000))
    return [*steps, Step(sends=True, pause=None)]


STEPS = tuple(_steps())
if len(STEPS) != WEBHOOK_RECEIVES:
    raise RuntimeError(f"WEBHOOK_RECEIVES must be {len(STEPS)}, as many as there are steps")


def step_of(receives: int) -> Step:
    """Tell what to do at a message's nth receive."""
    return STEPS[min(max(receives, 1), len(STEPS)) - 1]
