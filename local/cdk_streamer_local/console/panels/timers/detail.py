"""One timer in full: what it is, when it fires, where it lies, what became of its firings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cdk_streamer_client.timers.preview import Firing as Upcoming, firings_of, place_text
from cdk_streamer_local.console.panel import Unknown
from cdk_streamer_local.console.panels.timers.failures import Failure
from cdk_streamer_local.console.panels.timers.services import TimerService
from cdk_streamer_local.console.panels.timers.wording import in_words
from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.machine import Machine
from cdk_streamer_runtime.timers.rest import answers
from cdk_streamer_runtime.timers.sending import message
from cdk_streamer_runtime.timers.table import keys
from cdk_streamer_runtime.timers.table.shards import Shard, Shards
from cdk_streamer_runtime.timers.table.store import TimerStore
from cdk_streamer_runtime.timers.timer import Timer

SHOWN = 10
_PEEKED = 500  # those of the look-ahead, of which the soonest are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A firing to come, in UTC and in the schedule's zone."""

    fire_at: datetime
    local: datetime
    delay: int
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A firing in the fan-out queue, or among the dead letters."""

    fire_key: str
    rev: str
    state: str
    visible_at: float
    received: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What a callback that remembers has of a firing."""

    moment: int
    done: bool
    lease_until: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerDetail:
    """All of it. `document` is what the REST API says, and takes."""

    service: str
    words: str
    rev: int
    document: Mapping[str, Any]
    upcoming: Sequence[Moment]
    place: str
    shard: Shard | None
    queued: Sequence[Queued]
    dead: Sequence[Queued]
    remembered: Sequence[Remembered]
    failures: Sequence[Failure]
    callback: str
    dispatcher: str


def stored(aws: Aws, service: TimerService, id: str, now: int) -> Timer:
    """Read a timer; raises Unknown."""
    table = Table(aws, service.settings.table_name)
    found = TimerStore(table, new_token=Machine().new_id).read([id], now * 1000)[0]
    if found.timer is None:
        raise Unknown(f"{service.name} has no timer {id!r}; it was deleted, or has ended long ago")
    return found.timer


def upcoming(timer: Timer, now: int) -> Sequence[Moment]:
    """Give when it fires, also while it is paused."""
    return [moment_of(each) for each in firings_of(timer.definition, now, SHOWN)]


def moment_of(firing: Upcoming) -> Moment:
    """Give a computed firing as the page shows it."""
    return Moment(fire_at=firing.fire_at, local=firing.local, delay=firing.delay, note=firing.note)


def detail(
    aws: Aws, service: TimerService, id: str, failures: Sequence[Failure], now: int
) -> TimerDetail:
    """Put it together; raises Unknown."""
    timer = stored(aws, service, id, now)
    settings = service.settings
    table = Table(aws, settings.table_name)
    name = keys.shard_of(id, settings.shards)
    return TimerDetail(
        service=service.name,
        words=in_words(timer.definition.schedule),
        rev=timer.rev,
        document=answers.whole(timer, now=now * 1000, shards=settings.shards),
        upcoming=upcoming(timer, now),
        place=place_text(timer.definition),
        shard=Shards(table).read(name),
        queued=_messages(aws, settings.queue_url, id),
        dead=_messages(aws, service.dead_letters, id) if service.dead_letters else (),
        remembered=_remembered(table, id) if service.dedupe else (),
        failures=failures[:SHOWN],
        callback=service.callback,
        dispatcher=service.dispatcher,
    )


def _messages(aws: Aws, url: str, id: str) -> Sequence[Queued]:
    """Give this timer's among those whose body names it; a plain body does not."""
    asked = {"QueueUrl": url, "Text": f'"{id}"', "Limit": _PEEKED}
    found = aws.call("sqs", "CdkStreamerPeek", asked)["Messages"]
    queued = [each for each in map(_queued, found) if each.fire_key.rpartition("/")[0] == id]
    return sorted(queued, key=lambda each: each.visible_at)[:SHOWN]


def _queued(told: Mapping[str, Any]) -> Queued:
    attributes = {
        name: value.get("StringValue", "") for name, value in told["MessageAttributes"].items()
    }
    return Queued(
        fire_key=attributes.get(message.FIRE_KEY, ""),
        rev=attributes.get(message.REVISION, ""),
        state=told["State"],
        visible_at=told["VisibleAt"],
        received=int(told["Attributes"].get("ApproximateReceiveCount", 0)),
    )


def _remembered(table: Table, id: str) -> Sequence[Remembered]:
    page = table.query(
        "pk = :pk", values={":pk": keys.firing(id, 0).pk}, limit=SHOWN, forward=False
    )
    return [
        Remembered(
            moment=int(item["sk"]),
            done=item.get("done", False),
            lease_until=item.get("lease_until"),
        )
        for item in page.items
    ]
