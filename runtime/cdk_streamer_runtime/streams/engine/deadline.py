"""The deadline: when no more records are pulled, and when no more calls are begun."""

from __future__ import annotations

# Without a context nobody knows better: as long as a Lambda function can run.
LONGEST = 900_000
_SHARE, _LEAST, _MOST = 20, 1_000, 15_000


def last_call(now: int, remaining: int) -> int:
    """Give when the last call is begun by an invocation that has so many milliseconds left.

    A twentieth is kept for calls under way, faults and the answer: from 1 s to 15 s, but no more
    than a quarter of what there is.
    """
    return now + remaining - _margin(remaining, remaining // 4)


def last_wait(now: int, remaining: int, last_call: int) -> int:
    """Give when calls under way are given up: half of what was kept is left for the answer."""
    return now + remaining - (now + remaining - last_call) // 2


def last_begin(now: int, last_call: int, shares: int) -> int:
    """Give until when calls of a round are begun: all that is still to come has an equal share.

    Or the first round took all the time, nothing came to its end, and so again the next time.
    """
    return now + (last_call - now) // shares if now < last_call else last_call


def last_flow(now: int, last_call: int) -> int:
    """Give when the last call of a window is begun where steps keep units for the end.

    Those may be the batch's first, and be handed back if nobody has time for them: so again the
    next time, whatever else was done. Half of the time is theirs.
    """
    return now + (last_call - now) // 2


def last_pull(now: int, last_call: int) -> int:
    """Give when the last window is pulled: as much is kept again to bring it to its end."""
    return last_call - _margin(last_call - now, (last_call - now) // 3)


def _margin(time: int, most: int) -> int:
    return max(0, min(max(time // _SHARE, _LEAST), _MOST, most))
