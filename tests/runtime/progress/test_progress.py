"""What a handler reports with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime import Progress
from cdk_streamer_runtime.contract import PROGRESS_BYTES
from cdk_streamer_runtime.errors import Cancelled
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.progress.progress import Silence
from cdk_streamer_runtime.sockets.messages import channel_news
from tests.runtime.progress.carried import Carried
from tests.runtime.wire import faults

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)


@pytest.fixture
def carried() -> Carried:
    return Carried()


@pytest.fixture
def progress(carried: Carried) -> Progress:
    return Progress(carried)


def test_a_report_has_a_percentage_and_a_message(progress: Progress, carried: Carried):
    progress.report(10, "Reading")

    assert carried.reports == [{"percentage": 10, "message": "Reading"}]


def test_a_report_may_say_nothing_but_that_work_goes_on(progress: Progress, carried: Carried):
    progress.report()

    assert carried.reports == [{"percentage": None, "message": None}]


@pytest.mark.parametrize(("given", "told"), [(-5, 0), (0, 0), (100, 100), (250.5, 100)])
def test_a_percentage_stays_between_0_and_100(
    progress: Progress, carried: Carried, given: float, told: float
):
    progress.report(given)

    assert carried.reports[0]["percentage"] == told


def test_a_part_of_a_total_is_a_percentage_too(progress: Progress, carried: Carried):
    progress.report(current=1, total=3, unit="rows", step="read")

    assert carried.reports == [
        {
            "percentage": 33.33,
            "message": None,
            "current": 1,
            "total": 3,
            "unit": "rows",
            "step": "read",
        }
    ]


def test_a_percentage_of_ones_own_counts_more_than_the_parts(progress: Progress, carried: Carried):
    progress.report(50, current=1, total=3)

    assert carried.reports[0]["percentage"] == 50


@pytest.mark.parametrize("total", [None, 0])
def test_without_a_total_there_is_no_percentage(
    progress: Progress, carried: Carried, total: int | None
):
    progress.report(current=5, total=total)

    assert carried.reports[0]["percentage"] is None
    assert carried.reports[0]["current"] == 5


def test_metadata_travels_with_its_own_report(progress: Progress, carried: Carried):
    progress.report(1, rows=5)
    progress.report(2)

    assert carried.reports[0]["metadata"] == {"rows": 5}
    assert "metadata" not in carried.reports[1]


def test_metadata_that_was_set_travels_with_all_that_follow(progress: Progress, carried: Carried):
    progress.report(1)
    progress.set_metadata("file", "a.csv")
    progress.report(2)
    progress.report(3, rows=5)

    assert [report.get("metadata") for report in carried.reports] == [
        None,
        {"file": "a.csv"},
        {"file": "a.csv", "rows": 5},
    ]


def test_metadata_of_a_report_counts_more_than_what_was_set(progress: Progress, carried: Carried):
    progress.set_metadata("file", "a.csv")
    progress.report(1, file="b.csv")

    assert carried.reports[0]["metadata"] == {"file": "b.csv"}


def test_a_report_stays_as_it_was_when_it_was_made(progress: Progress, carried: Carried):
    found: dict[str, Any] = {"rows": [1]}
    progress.report(1, found=found)
    found["rows"].append(2)
    found["late"] = datetime.now(UTC)

    assert carried.reports[0]["metadata"] == {"found": {"rows": [1]}}


def test_metadata_that_was_set_is_read_again_with_each_report(progress: Progress, carried: Carried):
    rows: list[int] = []
    progress.set_metadata("rows", rows)
    progress.report(1)
    rows.append(5)
    progress.report(2)

    assert [report["metadata"] for report in carried.reports] == [{"rows": []}, {"rows": [5]}]


@pytest.mark.parametrize(
    "metadata", [{"at": datetime.now(UTC)}, {"names": {"a"}}, {"data": b"bytes"}]
)
def test_metadata_that_json_lacks_is_refused_where_it_is_reported(
    progress: Progress, carried: Carried, metadata: dict[str, Any]
):
    with pytest.raises(TypeError, match="not JSON serializable"):
        progress.report(1, **metadata)
    assert carried.reports == []


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_json_lacks_are_refused(progress: Progress, value: float):
    with pytest.raises(ValueError, match="not JSON compliant"):
        progress.report(1, value=value)


def test_no_percentage_at_all_is_refused(progress: Progress):
    with pytest.raises(ValueError, match="not JSON compliant"):
        progress.report(float("nan"))


@pytest.mark.parametrize(
    "report",
    [{"message": 5}, {"unit": b"rows"}, {"step": ["read"]}, {"current": "5"}, {"total": "9"}],
)
def test_what_a_client_could_not_read_is_refused(
    progress: Progress, carried: Carried, report: dict[str, Any]
):
    with pytest.raises(TypeError, match=f"{next(iter(report))} must be"):
        progress.report(**report)
    assert carried.reports == []


def test_a_report_of_16_kb_is_taken(progress: Progress, carried: Carried):
    empty = len('{"percentage":null,"message":""}')
    progress.report(message="a" * (PROGRESS_BYTES - empty))

    assert len(carried.reports) == 1


def test_a_larger_report_is_refused_by_its_bytes(progress: Progress):
    with pytest.raises(ValueError, match=f"at most {PROGRESS_BYTES} bytes, got"):
        progress.report(message="ä" * (PROGRESS_BYTES // 2))


def test_metadata_that_is_nested_too_deeply_is_refused(progress: Progress):
    deep: Any = 0
    for _ in range(300):
        deep = [deep]

    with pytest.raises(ValueError, match="nested"):
        progress.report(1, deep=deep)


def test_what_stops_the_handler_stops_every_call(progress: Progress, carried: Carried):
    carried.reason = Cancelled("enough")

    with pytest.raises(Cancelled):
        progress.report(1)
    with pytest.raises(Cancelled):
        progress.check()


def test_what_nobody_could_hear_is_dropped():
    progress = Progress(Silence())
    progress.report(50, "half", rows=5)
    progress.check()


@given(
    st.none() | NUMBERS,
    st.none() | st.text(st.characters()),
    st.none() | NUMBERS,
    st.none() | NUMBERS,
    st.dictionaries(st.text(), NUMBERS, max_size=3),
)
def test_whatever_is_reported_can_be_read_by_clients(
    percentage: float | None,
    message: str | None,
    current: float | None,
    total: float | None,
    metadata: dict[str, Any],
):
    carried = Carried()
    progress = Progress(carried)
    for name, value in metadata.items():
        progress.set_metadata(name, value)
    progress.report(percentage, message, current=current, total=total)

    told = {**carried.reports[0], **channel_news("progress", "nightly", 1, START)}
    assert faults(told) == []
