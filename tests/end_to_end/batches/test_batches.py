"""Batches on the local engine: another region, chained functions, and processes that are killed."""

from __future__ import annotations

import itertools

from cdk_streamer_runtime.batches.item import item_key

FUNCTION = "Publishing/Durable"


def items(size: int) -> set[str]:
    return {f"item-{number}" for number in range(size)}


def test_a_batch_publishes_to_a_queue_of_another_region(batches):
    execution = batches.ended(batches.start("Publishing", "far", {"size": 95}))

    assert execution["Status"] == "SUCCEEDED"
    assert execution["Result"] == {
        "batch_id": "far",
        "discovered": 95,
        "published": 95,
        "failed": 0,
        "failed_ids": [],
        "chunks": 10,
        "duplicates": 0,
        "retried": 0,
        "summary": "95 of 95 for far",
    }
    assert batches.published("far") == {item: [item_key("far", item)] for item in items(95)}


def test_a_batch_asks_a_function_and_waits_without_running(batches):
    execution = batches.ended(batches.start("Asking", "asked", {"size": 25}))

    result = execution["Result"]
    assert (result["published"], result["failed_ids"]) == (24, ["item-7"])


def test_a_process_that_is_killed_in_the_midst_loses_nothing(batches, tmp_path):
    held = [f"item-{number}" for number in range(30, 60, 10)]
    payload = {"size": 95, "held": str(tmp_path), "hold": held}
    arn = batches.start("Publishing", "killed", payload)

    batches.wait_for_files(tmp_path, held)
    killed = batches.stack.kill_worker(FUNCTION)
    (tmp_path / "go").touch()
    execution = batches.ended(arn)

    assert killed
    result, published = execution["Result"], batches.published("killed")
    assert execution["Status"] == "SUCCEEDED"
    assert (result["discovered"], result["published"], result["failed"]) == (95, 95, 0)
    assert published.keys() == items(95)
    twice = [keys for keys in published.values() if len(keys) > 1]
    assert len(list(itertools.chain(*published.values()))) - 95 <= 3 * 10
    assert all(len(set(keys)) == 1 for keys in twice)
    loaded = [path.name.rpartition("-") for path in tmp_path.iterdir() if path.name != "go"]
    # What was settled before is not loaded again; what was under way is, by another process.
    assert {name for name, _, process in loaded if int(process) in killed} >= set(held)
    assert sum(name in held for name, _, _ in loaded) == 2 * len(held)
