"""Named steps: each has its share of the whole."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime import AsyncApp, Cancelled, Progress
from cdk_streamer_runtime.testing import TestClient
from tests.runtime.progress.carried import Carried

NAMES = st.text("abcdef", min_size=1, max_size=4)
WEIGHTS = st.dictionaries(NAMES, st.floats(0.001, 1_000), min_size=1, max_size=6)


@pytest.fixture
def carried() -> Carried:
    return Carried()


@pytest.fixture
def progress(carried: Carried) -> Progress:
    return Progress(carried)


def test_a_percentage_of_a_step_is_its_share_of_the_whole(progress: Progress, carried: Carried):
    steps = progress.steps({"load": 1, "render": 3})
    with steps["load"] as load:
        load.report(50, "Loading")
    with steps["render"] as render:
        render.report(50, "Rendering")

    assert carried.told("percentage") == [0, 12.5, 25, 25, 62.5, 100]
    assert carried.told("step") == ["load"] * 3 + ["render"] * 3


def test_a_loop_in_a_step_fills_its_share(progress: Progress, carried: Carried):
    steps = progress.steps({"load": 1, "render": 1})
    with steps["load"] as load:
        list(load.track("ab", unit="letters"))

    assert carried.told("percentage") == [0, 0, 25, 50, 50]
    assert carried.told("current") == [None, 0, 1, 2, None]


def test_a_step_may_have_steps(progress: Progress, carried: Carried):
    with (
        progress.steps({"load": 1, "render": 1})["load"] as load,
        load.steps({"open": 1, "read": 4})["open"] as opening,
    ):
        opening.report(50)

    assert carried.told("percentage") == [0, 0, 5, 10, 50]
    assert carried.told("step") == ["load", "load/open", "load/open", "load/open", "load"]


def test_a_report_without_percentage_leaves_the_share_alone(progress: Progress, carried: Carried):
    with progress.steps({"load": 1})["load"] as load:
        load.report(message="Still loading")

    assert carried.reports[1] == {"percentage": None, "message": "Still loading", "step": "load"}


def test_a_step_that_fails_keeps_what_it_had(progress: Progress, carried: Carried):
    def fail() -> None:
        with progress.steps({"load": 1, "rest": 1})["load"] as load:
            load.report(40)
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        fail()

    assert carried.told("percentage") == [0, 20]


def test_a_step_that_is_left_out_leaves_its_share_open(progress: Progress, carried: Carried):
    with progress.steps({"load": 1, "render": 3})["render"]:
        pass

    assert carried.told("percentage") == [0, 75]


def test_steps_that_run_at_once_add_up(progress: Progress, carried: Carried):
    steps = progress.steps(dict.fromkeys("abcdefgh", 1))

    def work(name: str) -> None:
        with steps[name] as step:
            list(step.track(range(100)))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, "abcdefgh"))

    assert max(carried.told("percentage")) == 100
    assert len(carried.reports) == 8 * (101 + 2)


def test_metadata_of_the_whole_goes_with_the_reports_of_a_step(
    progress: Progress, carried: Carried
):
    progress.set_metadata("file", "a.csv")
    with progress.steps({"load": 1})["load"] as load:
        load.set_metadata("row", 5)
        progress.set_metadata("file", "b.csv")
        load.report(50)
    progress.report(100)

    assert carried.told("metadata") == [
        {"file": "a.csv"},
        {"file": "b.csv", "row": 5},
        {"file": "b.csv", "row": 5},
        {"file": "b.csv"},
    ]


def test_a_step_hears_that_its_result_is_no_longer_wanted(progress: Progress, carried: Carried):
    step = progress.steps({"load": 1})["load"]
    carried.reason = Cancelled("enough")

    with pytest.raises(Cancelled):
        step.check()


def test_an_unknown_step_names_those_there_are(progress: Progress):
    with pytest.raises(KeyError, match="no step 'store', only load, render"):
        progress.steps({"load": 1, "render": 3})["store"]


@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf")])
def test_a_step_without_weight_is_refused(progress: Progress, weight: float):
    with pytest.raises(ValueError, match="the weight of step 'load' must be above 0"):
        progress.steps({"load": weight})


def test_no_steps_at_all_are_refused(progress: Progress):
    with pytest.raises(ValueError, match="steps need a weight each"):
        progress.steps({})


@given(weights=WEIGHTS, data=st.data())
def test_the_whole_grows_with_its_steps_up_to_a_hundred(
    weights: dict[str, float], data: st.DataObject
):
    carried = Carried()
    steps = Progress(carried).steps(weights)
    for name in data.draw(st.permutations(sorted(weights))):
        with steps[name] as step:
            step.report(data.draw(st.floats(0, 100)))

    told = carried.told("percentage")
    assert told == sorted(told)
    assert told[-1] == 100


def test_a_client_sees_the_step():
    app = AsyncApp()

    @app.action("job", mode="async")
    def job(progress: Progress) -> None:
        with progress.steps({"load": 1, "render": 1})["load"] as load:
            load.report(message="Loading")

    messages = TestClient(app).request("job")

    assert [each["step"] for each in messages[1:-1]] == ["load"] * 3
    assert [each["percentage"] for each in messages[1:-1]] == [0, 0, 50]


def test_a_chunk_of_a_step_is_one_of_the_whole(progress: Progress, carried: Carried):
    load = progress.steps({"load": 1})["load"]
    with load.steps({"read": 1})["read"] as reading:
        reading.chunk("part")

    assert carried.chunks == ['"part"']
    assert progress.has_chunks
