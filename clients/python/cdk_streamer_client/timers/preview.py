"""What a schedule will do: its next firings, in its zone and in UTC, and what clocks do to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from cdk_streamer_client.timers.moments import moment_of
from cdk_streamer_runtime.timers.definition import Definition
from cdk_streamer_runtime.timers.schedules.cron import Cron
from cdk_streamer_runtime.timers.schedules.schedule import Calendar, Schedule
from cdk_streamer_runtime.timers.schedules.wheel import place_of
from cdk_streamer_runtime.timers.schedules.zones import local_time, zone

_MINUTE = timedelta(minutes=1)
_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """A firing to come: `local` in the schedule's zone, `delay` the seconds that jitter adds."""

    fire_at: datetime
    local: datetime
    delay: int = 0
    note: str = ""


def firings_of(definition: Definition, start: int, n: int) -> list[Firing]:
    """Give the next n firings at or after a moment; fewer when there are no more."""
    return list(islice(_firings(definition, start), n))


def zone_of(schedule: Schedule) -> ZoneInfo:
    """Give the zone in which a schedule is told."""
    return zone(schedule.timezone if isinstance(schedule, Calendar) else "UTC")


def place_text(definition: Definition) -> str:
    """Say where in the table a timer lies, and so how a dispatcher finds it."""
    place = place_of(definition.recurrence)
    if place is None:
        return "by its due time, since it fires once"
    second = f", second {place.second}" if place.second else ""
    return f"class {place.wheel_class.key}, slot {place.slot}{second}"


def _firings(definition: Definition, start: int) -> Iterator[Firing]:
    where = zone_of(definition.schedule)
    while (found := definition.next(start)) is not None:
        yield Firing(
            fire_at=moment_of(found.fire_at),
            local=moment_of(found.fire_at).astimezone(where),
            delay=found.fire_at - found.nominal,
            note=_note(definition.schedule, found.nominal),
        )
        start = found.fire_at + 1


def _note(schedule: Schedule, nominal: int) -> str:
    if not isinstance(schedule, Calendar):
        return ""
    where = zone(schedule.timezone)
    skipped = list(_skipped(schedule.cron, nominal, where))
    if skipped:
        texts = [f"{local:%Y-%m-%d %H:%M}" for local in skipped[:_SHOWN]]
        more = f" and {len(skipped) - _SHOWN} more" if len(skipped) > _SHOWN else ""
        return f"clocks go forward: for {', '.join(texts)}{more}, which is skipped"
    local = moment_of(nominal).astimezone(where)
    if local.replace(fold=1).astimezone(UTC) != local.astimezone(UTC):
        return f"clocks go back: {local:%H:%M} comes twice, and this is the first"
    return ""


def _skipped(cron: Cron, nominal: int, where: ZoneInfo) -> Iterator[datetime]:
    """Give the local minutes of the schedule that clocks leave out just before a moment."""
    now = local_time(nominal, where)
    local = local_time(nominal - 60, where) + _MINUTE
    while local < now:
        if cron.fires_at(local):
            yield local
        local += _MINUTE
