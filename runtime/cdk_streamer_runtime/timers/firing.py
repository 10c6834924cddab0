"""What is sent for a timer, and what of it is too late to be sent."""

from __future__ import annotations

from typing import NamedTuple

from cdk_streamer_runtime.timers.definition import Definition, Misfire, Occurrence, Policy


class Firing(NamedTuple):
    """One message to a callback: `data` is JSON text, which goes alone where the firing is `plain`.

    A named tuple, for there are thousands a second, and a frozen dataclass takes longer to make.
    """

    id: str
    fire_at: int
    rev: int
    data: str
    plain: bool = False

    @property
    def fire_key(self) -> str:
        """Name the firing: the same for all its duplicates, another for all others."""
        return f"{self.id}/{self.fire_at}"


def firings(  # noqa: PLR0917 - what a row of the table says, where, and when it is read
    definition: Definition, rev: int, since: int, start: int, end: int, now: int
) -> tuple[list[Firing], int]:
    """Give what fires of the nominal moments in [start, end), and how many were skipped as late.

    Moments before `since`, which like `now` is in milliseconds, are not this timer's.
    """
    sent: list[Firing] = []
    skipped = 0
    for occurrence in definition.occurrences(max(start, -(-since // 1000)), end):
        if is_wanted(definition, occurrence, now):
            fire_at = occurrence.fire_at
            sent.append(Firing(definition.id, fire_at, rev, definition.data, definition.plain))
        else:
            skipped += 1
    return sent, skipped


def is_wanted(definition: Definition, occurrence: Occurrence, now: int) -> bool:
    """Tell whether an occurrence is sent now, in milliseconds, although it may be late.

    The latest of several late ones is the one whose successor is not late: so whoever sends sees
    it from the occurrence alone.
    """
    misfire = definition.misfire
    if misfire.policy is Policy.FIRE_ALL or not is_late(occurrence.fire_at, misfire, now):
        return True
    if misfire.policy is Policy.SKIP:
        return False
    following = successor(definition, occurrence.nominal + 1)
    if following is None:
        return True
    return not is_late(following + definition.delay(following), misfire, now)


def is_late(fire_at: int, misfire: Misfire, now: int) -> bool:
    """Tell whether a firing has missed its time by more than its grace."""
    return now > (fire_at + misfire.grace) * 1000


def successor(definition: Definition, start: int) -> int | None:
    """Give the first nominal moment at or after `start`; None when there is none any more."""
    low = start if definition.start is None else max(start, definition.start)
    following = definition.recurrence.next(low)
    if following is None or definition.end is None or following < definition.end:
        return following
    return None
