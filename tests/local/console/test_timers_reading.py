"""What the console makes of timers: an index, pages of it, words, firings by hand; no engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cdk_streamer_local.console.panels.timers.figures import binned, percentile
from cdk_streamer_local.console.panels.timers.firing import by_hand
from cdk_streamer_local.console.panels.timers.index import TimerIndex
from cdk_streamer_local.console.panels.timers.listing import PAGE, Sought, page_of
from cdk_streamer_local.console.panels.timers.wording import in_words
from cdk_streamer_runtime.attributes import marshal_item
from cdk_streamer_runtime.contract.timers import TimerState
from cdk_streamer_runtime.timers.definition import Definition, Jitter
from cdk_streamer_runtime.timers.schedules.cron import Cron
from cdk_streamer_runtime.timers.schedules.schedule import Calendar, Every, Once, Schedule
from cdk_streamer_runtime.timers.table.items import timer_item
from cdk_streamer_runtime.timers.timer import Timer

NOW = 1_800_000_000  # a whole minute
OFFICE = "Office/Timer"


def timer(id: str, schedule: Schedule, **definition: Any) -> Timer:
    return Timer(
        definition=Definition(id=id, schedule=schedule, data='{"n":1}', **definition),
        rev=7,
        slot=None,
        slot_since=(NOW - 3_600) * 1000,
        created_at=(NOW - 3_600) * 1000,
        updated_at=(NOW - 3_600) * 1000,
    )


class Table:
    """Answers scans with these timers, two a page."""

    def __init__(self, *timers: Timer) -> None:
        self.timers = timers
        self.scans = 0

    def call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        assert (service, operation) == ("dynamodb", "Scan")
        start = parameters.get("ExclusiveStartKey", 0)
        self.scans += not start
        items = [marshal_item(timer_item(each)) for each in self.timers[start : start + 2]]
        more = {"LastEvaluatedKey": start + 2} if start + 2 < len(self.timers) else {}
        return {"Items": items, **more}


def indexed(*timers: Timer) -> TimerIndex:
    index = TimerIndex()
    index.refresh(Table(*timers), "timers", NOW)  # type: ignore[arg-type]
    return index


def test_all_pages_of_the_table_are_in_the_index():
    every = Every(period=60)

    index = indexed(*(timer(f"t{number}", every) for number in range(5)))

    assert sorted(index.entries) == ["t0", "t1", "t2", "t3", "t4"]


def test_a_look_at_the_table_is_followed_by_a_rest_until_something_is_done():
    moments = iter([0.0, 1.0, 2.0, 20.0, 21.0])
    index, table = TimerIndex(_now=lambda: next(moments)), Table(timer("t", Every(period=60)))

    index.refresh(table, "timers", NOW)  # type: ignore[arg-type]
    index.refresh(table, "timers", NOW)  # type: ignore[arg-type]
    index.forget()
    index.refresh(table, "timers", NOW)  # type: ignore[arg-type]

    assert table.scans == 2


def test_the_revision_is_another_one_only_when_a_timer_is():
    index = TimerIndex(_now=lambda: 0.0)
    index.refresh(Table(timer("t", Every(period=60))), "timers", NOW)  # type: ignore[arg-type]
    first = index.revision

    index.refresh(Table(timer("t", Every(period=60))), "timers", NOW)  # type: ignore[arg-type]
    same = index.revision
    index.refresh(Table(timer("t", Every(period=90))), "timers", NOW)  # type: ignore[arg-type]

    assert same == first
    assert index.revision == first + 1


def test_timers_are_counted_by_state():
    index = indexed(
        timer("on", Every(period=60)),
        timer("off", Every(period=60), paused=True),
        timer("over", Once(moment=NOW - 60)),
    )

    assert index.states(NOW) == {"ACTIVE": 1, "PAUSED": 1, "ENDED": 1}


def test_what_has_ended_for_longer_than_it_is_kept_is_not_there():
    index = indexed(timer("old", Once(moment=NOW - 40 * 86_400)))

    assert index.entries == {}


def test_what_is_due_is_counted_second_by_second():
    index = indexed(
        timer("often", Every(period=20)), timer("once", Once(moment=NOW + 20), owner="acme")
    )

    due = index.due(NOW, 60)

    assert [(at, number) for at, number in enumerate(due) if number] == [(0, 1), (20, 2), (40, 1)]


def test_a_firing_before_the_timer_was_made_is_not_its_last_one():
    late = timer("hourly", Every(period=7_200, phase=(NOW - 5_400) % 7_200))

    entry = indexed(late).entries["hourly"]

    assert entry.last(NOW) is None
    assert entry.next(NOW) == NOW + 1_800


def test_the_page_is_in_the_order_of_the_next_firing_with_those_without_one_last():
    index = indexed(
        timer("off", Every(period=60), paused=True),
        timer("later", Once(moment=NOW + 50)),
        timer("soon", Once(moment=NOW + 5)),
    )

    page = page_of({OFFICE: index.entries}, Sought(), NOW)

    assert [row.id for row in page.rows] == ["soon", "later", "off"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"words": "news"}, ["news"]),
        ({"words": "ACME every"}, ["news"]),
        ({"words": "nobody"}, []),
        ({"state": "PAUSED"}, ["off"]),
        ({"owner": "acme"}, ["news"]),
        ({"service": "Office/Other"}, []),
        ({"order": "id"}, ["news", "off", "prices"]),
    ],
)
def test_timers_are_found_by_what_is_sought(query: dict[str, str], found: list[str]):
    index = indexed(
        timer("prices", Once(moment=NOW + 5)),
        timer("news", Every(period=300), owner="acme"),
        timer("off", Every(period=60), paused=True),
    )

    page = page_of({OFFICE: index.entries}, Sought.read(query), NOW)

    assert [row.id for row in page.rows] == found


def test_a_page_beyond_the_last_one_is_the_last_one():
    every = Every(period=60)
    index = indexed(*(timer(f"t{number:03}", every) for number in range(PAGE + 3)))

    page = page_of({OFFICE: index.entries}, Sought.read({"page": "9", "order": "id"}), NOW)

    assert (page.page, page.pages, page.found) == (1, 2, PAGE + 3)
    assert [row.id for row in page.rows] == ["t050", "t051", "t052"]


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (Every(period=1), "every second"),
        (Every(period=90), "every 90 seconds"),
        (Every(period=300), "every 5 minutes"),
        (Every(period=86_400), "every day"),
        (Calendar(cron=Cron.parse("0 9 * * 1-5"), timezone="Europe/Berlin"),
         "09:00 Mon-Fri, Europe/Berlin"),
        (Calendar(cron=Cron.parse("30 2 * * *"), timezone="UTC"), "02:30 daily"),
        (Calendar(cron=Cron.parse("0 6,18 * * 1,4"), timezone="UTC"), "06:00, 18:00 Mon, Thu"),
        (Calendar(cron=Cron.parse("*/15 * * * *"), timezone="UTC"), "every 15 minutes"),
        (Calendar(cron=Cron.parse("* * * * *"), timezone="UTC"), "every minute"),
        (Calendar(cron=Cron.parse("0 0 1 * *"), timezone="UTC"), "0 0 1 * *"),
        (Once(moment=0), "once, 1970-01-01 00:00:00Z"),
    ],
)  # fmt: skip
def test_schedules_are_told_in_words(schedule: Schedule, words: str):
    assert in_words(schedule) == words


def test_a_firing_by_hand_has_a_fire_key_that_the_schedule_never_has():
    firing = by_hand(timer("t", Every(period=60, phase=0)), NOW)

    assert firing.fire_key == f"t/{NOW - 1}"
    assert (firing.rev, firing.data) == (7, '{"n":1}')


def test_a_firing_by_hand_of_a_timer_that_fires_each_second_is_before_its_time():
    made = timer("t", Every(period=1))

    firing = by_hand(made, NOW)

    assert firing.fire_at < made.created_at // 1000


def test_a_firing_by_hand_keeps_away_from_firings_that_jitter_has_moved():
    made = timer("t", Every(period=60), jitter=Jitter(seconds=59, each=True))
    taken = {each.fire_at for each in made.definition.occurrences(NOW - 7_200, NOW + 60)}

    assert {by_hand(made, NOW + second).fire_at for second in range(60)}.isdisjoint(taken)


def test_percentiles_are_of_the_values_that_were_measured():
    assert percentile([]) is None
    assert percentile([float(number) for number in range(1, 101)]) == 99.0


def test_values_are_put_into_bins_of_ten_seconds_that_end_now():
    bins = binned([(NOW, [1.0, 5.0]), (NOW - 15, [7.0]), (NOW - 4_000, [9.0])], NOW)

    assert (bins[-1], bins[-2], sum(bins)) == (5.0, 7.0, 12.0)


def test_a_row_tells_the_period_only_if_the_next_firing_follows_from_it():
    jitter = Jitter(seconds=5, each=True)
    index = indexed(
        timer("even", Every(period=60)), timer("uneven", Every(period=60), jitter=jitter)
    )

    page = page_of({OFFICE: index.entries}, Sought(order="id"), NOW)

    assert [row.period for row in page.rows] == [60, None]
    assert {row.state for row in page.rows} == {TimerState.ACTIVE}
