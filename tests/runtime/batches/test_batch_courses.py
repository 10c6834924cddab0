"""Batches from their payload to their result, in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from cdk_streamer_runtime.batches import (
    Batch,
    BatchFailed,
    BatchItem,
    BatchResult,
    BatchRun,
    BatchTooLarge,
    Conflict,
)
from cdk_streamer_runtime.batches.item import item_key
from cdk_streamer_runtime.contract.batches import MAX_FAILED_IDS, BatchMetric, Nesting
from cdk_streamer_runtime.durable import record
from cdk_streamer_runtime.errors import Fatal, Permanent, Retryable
from cdk_streamer_runtime.memory import batches
from cdk_streamer_runtime.memory.platform import START, MemoryPlatform
from cdk_streamer_runtime.testing import MemoryBatch
from tests.runtime.batches.authors import batch_of, users

SIZES = [0, 1, 24, 25, 26, 1_000, 10_000]


@pytest.mark.parametrize("size", SIZES)
def test_every_user_is_published_once(size: int):
    memory = MemoryBatch(batch_of(size))

    result = memory.run()

    assert memory.sent == users(size)
    assert result == {
        "batch_id": "batch",
        "discovered": size,
        "published": size,
        "failed": 0,
        "failed_ids": [],
        "chunks": -(-size // 25),
        "duplicates": 0,
        "retried": 0,
        "summary": None,
    }


def test_messages_carry_the_key_of_their_item():
    memory = MemoryBatch(batch_of(1))
    memory.run(batch_id="b-1")

    url = {"QueueUrl": memory.settings.target_address}
    (message,) = memory.aws.call("sqs", "ReceiveMessage", url)["Messages"]
    assert message["MessageAttributes"]["cdk-streamer.key"]["StringValue"] == item_key(
        "b-1", "user-0"
    )


def test_keys_of_other_items_and_other_batches_are_others():
    keys = {item_key(batch, item) for batch in ("a", "ab") for item in ("b", "bc", "c")}

    assert len(keys) == 6
    assert all(len(key) == 64 for key in keys)


def test_an_id_that_comes_twice_is_one_item():
    batch = Batch()
    batch.discover(lambda cursor: (["a", "b", "a"], None) if cursor else (["a", "c"], 1))
    memory = MemoryBatch(batch)

    result = memory.run()

    assert memory.sent == ["a", "c", "b"]
    assert (result["discovered"], result["duplicates"]) == (3, 2)


def test_functions_are_told_of_their_run_where_they_ask_for_it():
    runs: list[BatchRun] = []
    batch = Batch()

    @batch.discover
    def discover(cursor: object, run: BatchRun) -> tuple[list[str], None]:
        runs.append(run)
        return ["a"], None

    @batch.load
    async def load(ids: Sequence[str], *, about: BatchRun) -> list[int]:
        runs.append(about)
        return [len(id) for id in ids]

    @batch.publish
    def publish(items: Sequence[BatchItem], run: BatchRun | None = None) -> None:
        assert run is not None
        runs.append(run)

    @batch.aggregate
    def aggregate(result: BatchResult, run: BatchRun) -> str:
        runs.append(run)
        return f"{result.published} of {run.payload['day']}"

    result = MemoryBatch(batch).run({"day": "monday"}, batch_id="b1")

    told = BatchRun(
        id="b1", payload={"day": "monday"}, started_at=datetime.fromtimestamp(START / 1000, UTC)
    )
    assert runs == [told] * 4
    assert result["summary"] == "1 of monday"


def test_what_load_gives_is_published():
    memory = MemoryBatch(batch_of(30, loads=True))
    memory.run()

    assert memory.sent == [{"user": id} for id in users(30)]


def test_an_id_without_data_has_failed_and_is_not_tried_again():
    batch = batch_of(3)
    loads: list[list[str]] = []

    @batch.load
    def load(ids: list[str]) -> dict[str, int]:
        loads.append(ids)
        return {"user-0": 0, "user-2": 2}

    memory = MemoryBatch(batch)
    result = memory.run()

    assert (result["published"], result["failed_ids"]) == (2, ["user-1"])
    assert memory.letters[0]["reason"] == "load gave nothing for it"
    assert len(loads) == 1


# --- failures -------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 2])
def test_what_is_rejected_is_tried_again_and_nothing_else_is(times: int):
    memory = MemoryBatch(batch_of(60))
    memory.reject("user-3", "user-30", times=times)

    result = memory.run()

    assert (result["published"], result["failed"], result["retried"]) == (60, 0, 2)
    assert set(memory.published.values()) == {1}
    assert memory.letters == []


def test_what_is_rejected_for_ever_is_a_dead_letter():
    memory = MemoryBatch(batch_of(60, loads=True))
    memory.reject("user-3", times=99)

    result = memory.run(batch_id="b")

    assert (result["published"], result["failed"]) == (59, 1)
    assert memory.letters == [
        {
            "batch_id": "b",
            "id": "user-3",
            "key": item_key("b", "user-3"),
            "reason": "a test has rejected it",
            "data": {"user": "user-3"},
        }
    ]
    assert memory.troubles.rejections["user-3"] == 99 - 3


@pytest.mark.parametrize("nesting", Nesting)
def test_a_publish_that_fails_is_repeated_with_all_of_its_chunk(nesting: Nesting):
    memory = MemoryBatch(batch_of(60), nesting=nesting)
    memory.fail("user-30", times=2)

    result = memory.run()

    assert (result["published"], result["failed"], result["retried"]) == (60, 0, 1)


def test_a_publish_that_always_fails_fails_its_chunk_alone():
    memory = MemoryBatch(batch_of(60))
    memory.fail("user-30", times=99)

    result = memory.run()

    assert result["failed_ids"] == users(50)[25:]
    assert {letter["reason"] for letter in memory.letters} == {
        "publish failed with ConnectionError"
    }


def test_between_two_attempts_nothing_runs():
    memory = MemoryBatch(batch_of(1), retry_seconds=60)
    memory.reject("user-0")
    memory.run()

    assert memory.invocations == 2
    assert 30_000 <= memory.platform.now - START <= 60_000


def test_a_wish_to_come_later_is_heard():
    batch = batch_of(1)
    calls: list[int] = []

    @batch.publish
    def publish(items: Sequence[BatchItem]) -> None:
        calls.append(len(items))
        if len(calls) == 1:
            raise Retryable(after=300)

    memory = MemoryBatch(batch)
    memory.run()

    assert memory.platform.now - START == 300_000


@pytest.mark.parametrize("error", [Permanent("closed"), Fatal("closed")])
def test_what_can_never_be_published_is_not_tried_again(error: Exception):
    batch = batch_of(3)

    @batch.publish
    def publish(items: Sequence[BatchItem]) -> None:
        raise error

    memory = MemoryBatch(batch)
    result = memory.run()

    assert (result["failed"], result["retried"], memory.troubles.calls) == (3, 0, 1)
    assert "closed" in memory.letters[0]["reason"]


@pytest.mark.parametrize("answer", [["somebody"], "user-0", 7, {"user-0": 1}, [0]])
def test_a_publish_that_returns_what_are_no_ids_of_its_items_fails_its_chunk(answer: object):
    batch = batch_of(2)
    batch.publish(lambda _items: answer)
    memory = MemoryBatch(batch)

    assert memory.run()["failed"] == 2
    assert "publish returned" in memory.letters[0]["reason"] or (
        "publish must return" in memory.letters[0]["reason"]
    )


@pytest.mark.parametrize("answer", [None, {"user-0": 1}, [1]])
def test_a_load_that_returns_what_is_no_data_of_its_ids_fails_its_chunk(answer: object):
    batch = batch_of(2)
    batch.load(lambda _ids: answer)
    memory = MemoryBatch(batch)

    assert memory.run()["failed"] == (1 if isinstance(answer, dict) else 2)


def test_a_result_names_the_first_of_many_that_failed_and_counts_all():
    memory = MemoryBatch(batch_of(250))
    memory.reject(*users(250), times=99)

    result = memory.run()

    assert result["failed"] == 250
    assert result["failed_ids"] == users(MAX_FAILED_IDS)
    assert len(memory.letters) == 250


# --- tolerance ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "failing", "fails"),
    [
        ({"tolerated_count": 2}, 2, False),
        ({"tolerated_count": 2}, 3, True),
        ({"tolerated_percentage": 10.0}, 4, False),
        ({"tolerated_percentage": 10.0}, 5, True),
        ({}, 40, False),
    ],
)
def test_a_batch_fails_when_more_items_fail_than_it_tolerates(
    settings: dict[str, Any], failing: int, *, fails: bool
):
    batch = batch_of(40)
    aggregated: list[BatchResult] = []
    batch.aggregate(aggregated.append)
    memory = MemoryBatch(batch, **settings)
    memory.reject(*users(failing), times=99)

    told = f"^{failing} of 40 items failed, more than the batch tolerates$"
    with pytest.raises(BatchFailed, match=told) if fails else nullcontext():
        memory.run()

    assert len(aggregated) == (not fails)
    assert memory.published.total() == 40 - failing  # nothing is left out because others failed
    assert memory.metrics.counts[BatchMetric.BATCHES_FAILED] == fails
    assert memory.metrics.counts[BatchMetric.FAILED] == failing


def test_metrics_are_counted_once():
    memory = MemoryBatch(batch_of(100))
    memory.reject("user-30", "user-99")
    memory.crash(after=[1, 4])
    memory.run()

    assert memory.metrics.counts == {
        BatchMetric.DISCOVERED: 100,
        BatchMetric.PUBLISHED: 100,
        BatchMetric.FAILED: 0,
        BatchMetric.CHUNKS_RETRIED: 2,
        BatchMetric.BATCHES_SUCCEEDED: 1,
        BatchMetric.BATCH_TIME: 1,
    }


# --- discover and aggregate -----------------------------------------------------------------------


def test_a_page_that_fails_is_tried_again_and_those_before_are_not():
    batch = Batch()
    asked: list[object] = []

    @batch.discover
    def discover(cursor: int | None) -> tuple[list[str], int | None]:
        asked.append(cursor)
        if len(asked) in {2, 3}:
            raise ConnectionError
        return [f"{cursor}"], 2 if cursor is None else None

    memory = MemoryBatch(batch)

    assert memory.run()["discovered"] == 2
    assert asked == [None, 2, 2, 2]


def test_what_discover_fails_with_at_last_is_what_the_batch_fails_with():
    batch = Batch()

    @batch.discover
    def discover(cursor: object) -> tuple[list[str], None]:
        raise ConnectionError("no route")

    memory = MemoryBatch(batch)
    with pytest.raises(ConnectionError, match="no route"):
        memory.run()

    assert memory.metrics.counts[BatchMetric.BATCHES_FAILED] == 1


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (["a"], "discover must return its ids and the cursor"),
        (("a", None), "discover must return a list of ids, got a str"),
        (([1], None), "an id is a text that is not empty, got 1"),
        (([""], None), "an id is a text that is not empty"),
        ((["a"], object()), "discover must return what JSON can hold"),
        ((7, None), "discover must return a list of ids, got a int"),
    ],
)
def test_a_page_that_is_none_fails_the_batch_at_once(found: object, fault: str):
    batch = Batch()
    calls: list[object] = []

    @batch.discover
    def discover(cursor: object) -> object:
        calls.append(cursor)
        return found

    with pytest.raises(Fatal, match=fault):
        MemoryBatch(batch).run()

    assert len(calls) == 1


def test_a_page_that_no_record_takes_is_refused_with_the_way_out():
    batch = Batch()
    batch.discover(lambda _cursor: ([f"user-{number:030}" for number in range(10_000)], None))

    with pytest.raises(BatchTooLarge, match=r"discover returned a page of .* return fewer ids"):
        MemoryBatch(batch).run()


def test_the_log_tells_once_how_a_batch_ended(caplog: pytest.LogCaptureFixture):
    memory = MemoryBatch(batch_of(30), "Daily")
    memory.crash(after=[1])
    with caplog.at_level("INFO"):
        memory.run(batch_id="monday")

    (told,) = [vars(record) for record in caplog.records if record.message == "batch ended"]
    assert (told["batch"], told["id"], told["published"]) == ("Daily", "monday", 30)


def test_a_cursor_that_stands_still_is_refused():
    batch = Batch()
    batch.discover(lambda _cursor: (["a"], "first"))
    memory = MemoryBatch(batch)

    with pytest.raises(Fatal, match="the cursor that it was called with, 'first'"):
        memory.run()

    assert memory.sent == []


def test_an_endless_discovery_ends_before_the_record_is_full():
    batch = Batch()
    batch.discover(lambda cursor: ([], (cursor or 0) + 1))
    memory = MemoryBatch(batch)

    with pytest.raises(BatchTooLarge, match="more ids a page"):
        memory.run()

    assert len(memory.operations()) < 2_600


def test_too_many_chunks_are_refused_before_anything_is_published():
    memory = MemoryBatch(batch_of(3_000), chunk_size=1)

    with pytest.raises(BatchTooLarge, match="a chunk_size of 7 would do"):
        memory.run()

    assert memory.sent == []


def test_an_aggregation_that_fails_is_tried_again():
    batch = batch_of(1)
    calls: list[int] = []

    @batch.aggregate
    def aggregate(result: BatchResult) -> int:
        calls.append(result.published)
        if len(calls) < 3:
            raise ConnectionError
        return len(calls)

    memory = MemoryBatch(batch)

    assert memory.run()["summary"] == 3
    assert len(memory.sent) == 1


def test_a_summary_that_no_record_takes_is_refused():
    batch = batch_of(1)
    batch.aggregate(lambda _result: "x" * 300_000)

    with pytest.raises(BatchTooLarge, match="aggregate returned 300002 bytes"):
        MemoryBatch(batch).run()


# --- the same batch again -------------------------------------------------------------------------


def test_the_same_id_and_payload_are_the_same_run():
    memory = MemoryBatch(batch_of(30))
    first = memory.run({"day": 1}, batch_id="b")

    assert memory.run({"day": 1}, batch_id="b") == first
    assert len(memory.sent) == 30
    with pytest.raises(Conflict):
        memory.run({"day": 2}, batch_id="b")


def test_progress_is_told_by_items_and_ends_with_all_of_them():
    memory = MemoryBatch(batch_of(60))
    memory.reject("user-59")
    memory.run()

    assert [report["current"] for report in memory.reports] == [25, 50, 59, 60]
    assert {report["total"] for report in memory.reports} == {60}


# --- functions ------------------------------------------------------------------------------------


def test_a_function_is_asked_once_a_chunk():
    asked: list[Any] = []
    memory = MemoryBatch(batch_of(30, loads=True), function=asked.append)

    result = memory.run(batch_id="b")

    assert result["published"] == 30
    assert [len(question["items"]) for question in asked] == [25, 5]
    assert asked[1]["batch_id"] == "b"
    assert asked[1]["chunk"] == "chunk-2"
    assert asked[1]["items"][0] == {
        "id": "user-25",
        "key": item_key("b", "user-25"),
        "data": {"user": "user-25"},
    }


@pytest.mark.parametrize("wrap", [lambda ids: {"failed": ids}, lambda ids: ids])
def test_a_function_is_asked_again_about_those_that_it_rejected(wrap: Any):
    asked: list[list[str]] = []

    def function(question: dict[str, Any]) -> object:
        asked.append([item["id"] for item in question["items"]])
        return wrap(["user-1"])

    memory = MemoryBatch(batch_of(3), function=function)
    result = memory.run()

    assert asked == [users(3), ["user-1"], ["user-1"]]
    assert (result["published"], result["failed_ids"]) == (2, ["user-1"])
    assert memory.letters[0]["reason"] == "rejected by the function"


def test_a_function_that_fails_is_asked_again():
    memory = MemoryBatch(batch_of(30), function=lambda _question: None)
    memory.fail("user-3", times=2)

    assert memory.run()["published"] == 30


def test_a_function_that_always_fails_fails_its_chunk_alone():
    memory = MemoryBatch(batch_of(30), function=lambda _question: None)
    memory.fail("user-3", times=99)

    result = memory.run()

    assert (result["published"], result["failed"]) == (5, 25)
    assert "failed with" in memory.letters[0]["reason"]


def test_what_a_function_is_asked_with_has_to_fit_into_the_record():
    batch = batch_of(2)
    batch.load(lambda ids: ["x" * 140_000 for _ in ids])
    memory = MemoryBatch(batch, function=lambda _question: None)

    result = memory.run()

    assert (result["failed"], result["retried"]) == (2, 0)
    assert memory.letters[0]["reason"].startswith("the chunk has 280")


# --- determinism ----------------------------------------------------------------------------------


def test_a_resumed_run_goes_the_way_that_was_recorded_whatever_discover_would_say_now():
    batch = Batch()
    order = iter([["b", "a", "c", "a"], ["c", "b", "a"], ["x"]])
    batch.discover(lambda _cursor: (next(order), None))
    memory = MemoryBatch(batch, chunk_size=2)
    memory.crash(before=[2])

    result = memory.run()

    assert memory.sent == ["b", "a", "c"]
    assert (result["discovered"], result["duplicates"]) == (3, 1)


def test_the_way_does_not_depend_on_the_order_of_what_load_gives():
    batch = batch_of(6)
    batch.load(lambda ids: {id: id for id in reversed(ids)})
    memory = MemoryBatch(batch, chunk_size=3)
    memory.crash(after=[1])
    memory.run()

    assert memory.sent == [*users(3), *users(6)]


class Watched(MemoryPlatform):
    """A platform that notes who asks for chance: whether it is somebody inside a step."""

    inside = 0
    asked: ClassVar[list[bool]] = []

    def uniform(self) -> float:
        self.asked.append(Watched.inside > 0)
        return 0.5


def test_chance_is_asked_within_steps_alone(monkeypatch: pytest.MonkeyPatch):
    original = record.recorded

    def recorded(name: str, function: Callable[[], Any]) -> str:
        Watched.inside += 1
        try:
            return original(name, function)
        finally:
            Watched.inside -= 1

    monkeypatch.setattr(record, "recorded", recorded)
    monkeypatch.setattr(batches, "MemoryPlatform", Watched)
    memory = MemoryBatch(batch_of(60))
    memory.reject("user-1", "user-59", times=2)
    memory.run()

    assert Watched.asked == [True] * 4
