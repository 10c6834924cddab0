"""Loops that report by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime import AsyncApp, Cancelled, Progress
from cdk_streamer_runtime.errors import LeaseLost
from cdk_streamer_runtime.testing import TestClient
from tests.runtime.progress.carried import Carried


@pytest.fixture
def carried() -> Carried:
    return Carried()


@pytest.fixture
def progress(carried: Carried) -> Progress:
    return Progress(carried)


def numbers(count: int) -> Iterator[int]:
    yield from range(count)


async def async_numbers(count: int) -> AsyncIterator[int]:
    for number in range(count):
        await asyncio.sleep(0)
        yield number


def test_a_loop_gets_every_item(progress: Progress):
    assert list(progress.track("abc")) == ["a", "b", "c"]


def test_an_item_counts_when_the_next_one_is_asked_for(progress: Progress, carried: Carried):
    tracked = iter(progress.track(["a", "b"]))
    next(tracked)
    assert carried.told("current") == [0]

    next(tracked)
    assert carried.told("current") == [0, 1]


def test_what_has_a_length_has_a_percentage(progress: Progress, carried: Carried):
    list(progress.track([1, 2, 3, 4]))

    assert carried.told("percentage") == [0, 25, 50, 75, 100]
    assert carried.told("current") == [0, 1, 2, 3, 4]
    assert carried.told("total") == [4] * 5


def test_what_has_no_length_has_a_count_alone(progress: Progress, carried: Carried):
    list(progress.track(numbers(2)))

    assert carried.reports == [
        {"percentage": None, "message": None, "current": count} for count in (0, 1, 2)
    ]


def test_the_total_may_be_told(progress: Progress, carried: Carried):
    list(progress.track(numbers(2), 8))

    assert carried.told("percentage") == [0, 12.5, 25]


def test_more_items_than_were_announced_are_no_more_than_all(progress: Progress, carried: Carried):
    list(progress.track(numbers(3), total=2))

    assert carried.told("percentage") == [0, 50, 100, 100]


def test_nothing_to_do_is_all_done(progress: Progress, carried: Carried):
    list(progress.track([]))

    assert carried.told("percentage") == [100]


def test_message_unit_and_step_go_with_every_report(progress: Progress, carried: Carried):
    list(progress.track([1], message="Reading", unit="rows", step="read"))

    assert carried.told("message") == ["Reading"] * 2
    assert carried.told("unit") == ["rows"] * 2
    assert carried.told("step") == ["read"] * 2


def test_a_loop_that_is_left_is_not_done(progress: Progress, carried: Carried):
    for number in progress.track([1, 2, 3]):
        if number == 2:
            break

    assert carried.told("current") == [0, 1]


def test_a_loop_ends_when_its_result_is_no_longer_wanted(progress: Progress, carried: Carried):
    seen: list[int] = []

    def work() -> None:
        for number in progress.track(range(100)):
            seen.append(number)
            carried.reason = Cancelled("enough") if number == 4 else None

    with pytest.raises(Cancelled):
        work()

    assert seen == [0, 1, 2, 3, 4]


def test_a_loop_asks_at_every_item_whether_to_go_on(progress: Progress, carried: Carried):
    list(progress.track(range(100_000)))

    assert carried.checks > 100_000


@pytest.mark.parametrize("total", [100_000, None])
def test_a_long_loop_reports_about_a_thousand_times(
    progress: Progress, carried: Carried, total: int | None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("cdk_streamer_runtime.progress.tracking.time.monotonic", lambda: 0.0)
    list(progress.track(numbers(100_000), total))

    assert 500 < len(carried.reports) < 1_100
    assert carried.told("current")[-1] == 100_000


def test_a_slow_loop_reports_though_its_share_is_small(
    progress: Progress, carried: Carried, monkeypatch: pytest.MonkeyPatch
):
    moments = iter(range(1_000))
    clock = "cdk_streamer_runtime.progress.tracking.time.monotonic"
    monkeypatch.setattr(clock, lambda: float(next(moments)))
    list(progress.track(numbers(10), total=10_000_000))

    assert carried.told("current") == list(range(11))


@given(count=st.integers(0, 3_000), total=st.none() | st.integers(0, 5_000))
def test_the_last_count_is_always_told_and_none_twice(count: int, total: int | None):
    carried = Carried()
    list(Progress(carried).track(numbers(count), total))

    told = carried.told("current")
    assert told[0] == 0
    assert told[-1] == count
    assert told == sorted(set(told))


def test_an_async_loop_reports_too(progress: Progress, carried: Carried):
    async def run() -> list[int]:
        return [number async for number in progress.track(async_numbers(3), total=3)]

    assert asyncio.run(run()) == [0, 1, 2]
    assert carried.told("percentage") == [0, 33.33, 66.67, 100]


def test_an_async_loop_ends_when_somebody_else_works(progress: Progress, carried: Carried):
    async def run() -> None:
        async for _ in progress.track(async_numbers(3)):
            carried.reason = LeaseLost("taken")

    with pytest.raises(LeaseLost):
        asyncio.run(run())


@pytest.mark.parametrize("total", [-1, float("nan")])
def test_a_total_below_nothing_is_refused(progress: Progress, total: float):
    with pytest.raises(ValueError, match="total must be 0 or more"):
        progress.track([1], total)


def test_a_client_sees_the_loop_of_an_async_handler():
    app = AsyncApp()

    @app.action("job", mode="async")
    async def job(payload: int, progress: Progress) -> int:
        return sum([number async for number in progress.track(async_numbers(payload), payload)])

    messages = TestClient(app).request("job", 4)

    assert [each["percentage"] for each in messages[1:-1]] == [0, 25, 50, 75, 100]
    assert messages[-1]["result"] == 6
