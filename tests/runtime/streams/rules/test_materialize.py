"""Materialize: the item is what the newest event says, however events come."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.streams import rules, to_kinesis_records, to_sqs_records
from tests.runtime.streams.rules.invocations import DONE, TAGS, Invocations, numbered, thing

SETS = st.just(frozenset("a"))
few = settings(max_examples=25, deadline=None)


def view(uow: Any) -> dict[str, Any]:
    return {"pk": uow.event["thing"]["id"], "sk": "thing", "name": uow.event["thing"].get("name")}


def materialize(**options: Any) -> rules.Materialize:
    given: dict[str, Any] = {"id": "m1", "event_type": "thing-*", "to_update": view}
    return rules.Materialize(**{**given, **options})


def invocations(**options: Any) -> Invocations:
    return Invocations(materialize(**options))


def test_an_event_becomes_an_item():
    run = invocations(discriminator="thing")
    assert run.run(numbered(to_kinesis_records([thing()]), [7])) == DONE
    assert run.item() == {
        "pk": "t1",
        "sk": "thing",
        "name": "one",
        "discriminator": "thing",
        "latched": True,
        "timestamp": START,
        "sequence": "7".rjust(56, "0"),
        "lineage": "stream/events/shardId-000000000000",
    }


def test_a_source_without_order_leaves_no_sequence():
    run = invocations(latched=False)
    run.run(to_sqs_records([thing()]))
    assert set(run.item()) == {"pk", "sk", "name", "timestamp"}


def test_none_removes_an_attribute():
    run = invocations()
    run.run(to_sqs_records([thing()]))
    run.run(to_sqs_records([thing("e2", timestamp=START + 1, thing={"id": "t1"})]))
    assert "name" not in run.item()


def test_none_of_to_update_is_nothing_to_do():
    run = invocations(to_update=lambda _: None)
    assert run.run(to_sqs_records([thing()])) == DONE
    assert run.aws.asked == []


def test_what_is_older_changes_nothing_and_is_counted():
    run = invocations()
    newer = thing("e2", timestamp=START + 1, thing={"id": "t1", "name": "two"})
    assert run.run(to_sqs_records([newer, thing()])) == DONE
    assert (run.item()["name"], run.lost_races, run.faults) == ("two", 1, [])


def test_of_the_same_time_the_later_in_its_shard_wins():
    run = invocations()
    two = thing("e2", thing={"id": "t1", "name": "two"})
    run.run(numbered(to_kinesis_records([two]), [10]))
    run.run(numbered(to_kinesis_records([thing()]), [9]))
    assert (run.item()["name"], run.lost_races) == ("two", 1)


def test_of_the_same_time_without_a_sequence_the_last_to_come_wins():
    run = invocations()
    run.run(to_sqs_records([thing(), thing("e2", thing={"id": "t1", "name": "two"})]))
    assert (run.item()["name"], run.lost_races) == ("two", 0)


def test_sequences_of_two_lineages_are_not_compared():
    run = invocations()
    run.run(numbered(to_kinesis_records([thing()]), [10]))
    other = numbered(to_kinesis_records([thing("e2", thing={"id": "t1", "name": "two"})]), [9])
    other["Records"][0]["eventID"] = "shardId-000000000001:9"
    run.run(other)
    assert (run.item()["name"], run.lost_races) == ("two", 0)


def test_the_same_record_again_changes_nothing():
    run = invocations()
    records = numbered(to_kinesis_records([thing()]), [7])
    run.run(records)
    before = run.items()
    assert run.run(records) == DONE
    assert run.items() == before


def test_parts_of_one_record_all_count():
    run = invocations(
        split=lambda _: ["a", "b"],
        to_update=lambda uow: {"pk": "t1", "sk": "thing", uow.split: True},
    )
    run.run(numbered(to_kinesis_records([thing()]), [7]))
    assert (run.item()["a"], run.item()["b"], run.lost_races) == (True, True, 0)


# A key's events as its shard has them: the timestamp never falls, and is often the same.
steps = st.lists(st.integers(0, 2), min_size=1, max_size=8)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[int]]:
    moments = draw(steps)
    events = [
        thing(f"e{n}", timestamp=START + sum(moments[: n + 1]), thing={"id": "t1", "name": f"n{n}"})
        for n in range(len(moments))
    ]
    order = draw(st.permutations(range(len(events))))
    again = draw(st.lists(st.sampled_from(range(len(events))), max_size=4))
    return events, [*order, *again]


@few
@given(deliveries())
def test_in_whatever_order_and_how_often_records_of_a_shard_come_the_last_one_stays(delivered):
    events, order = delivered
    run = invocations()
    for number in order:
        records = numbered(to_kinesis_records([events[number]]), [100 + number])
        assert run.run(records) == DONE
    assert run.item()["name"] == events[-1]["thing"]["name"]


@few
@given(deliveries())
def test_without_sequences_none_of_the_newest_time_is_overwritten_by_an_older_one(delivered):
    events, order = delivered
    run = invocations()
    for number in order:
        run.run(to_sqs_records([events[number]]))
    newest = events[-1]["timestamp"]
    last = [events[number] for number in order if events[number]["timestamp"] == newest][-1]
    assert run.item()["name"] == last["thing"]["name"]


@pytest.mark.parametrize(("latched", "name"), [(True, "mine"), (False, "one")])
def test_the_echo_of_ones_own_change_does_not_overwrite_it(latched, name):
    run = invocations(latched=latched)
    mine = {"pk": {"S": "t1"}, "sk": {"S": "thing"}, "name": {"S": "mine"}}
    item = {**mine, "timestamp": {"N": str(START)}}
    run.aws.call("dynamodb", "PutItem", {"TableName": "things", "Item": item})
    run.run(to_sqs_records([thing()]))
    assert run.item()["name"] == name


# --- deletion -----------------------------------------------------------------------------------


def deleted(timestamp: int) -> dict[str, Any]:
    return thing(f"d{timestamp}", "deleted", timestamp=timestamp)


def test_a_deletion_marks_the_item_and_lets_it_expire():
    run = invocations()
    run.run(to_sqs_records([thing(), deleted(START + 1)]))
    item = run.item()
    assert item["deleted"] is True
    assert item["ttl"] == START // 1_000 + 11 * 24 * 3_600


def test_a_late_event_does_not_bring_a_deleted_item_back():
    run = invocations()
    run.run(to_sqs_records([deleted(START + 1), thing()]))
    assert (run.item()["deleted"], run.lost_races) == (True, 1)


def test_without_a_sequence_a_deletion_is_the_last_of_its_time():
    run = invocations()
    run.run(to_sqs_records([deleted(START), thing()]))
    assert (run.item()["deleted"], run.lost_races) == (True, 1)


def test_what_is_made_again_after_a_deletion_is_there_again():
    run = invocations()
    run.run(to_sqs_records([deleted(START), thing("e2", "undeleted", timestamp=START + 1)]))
    assert {"deleted", "ttl"}.isdisjoint(run.item())


def test_what_deletes_can_be_told_by_a_function():
    run = invocations(
        soft_delete=lambda uow: uow.event["thing"].get("gone"), deleted_ttl=timedelta(seconds=5)
    )
    run.run(to_sqs_records([thing(thing={"id": "t1", "gone": True})]))
    assert (run.item()["deleted"], run.item()["ttl"]) == (True, START // 1_000 + 5)


def test_a_mark_of_deletion_can_be_kept():
    run = invocations(deleted_ttl=None)
    run.run(to_sqs_records([deleted(START)]))
    assert "ttl" not in run.item()


def test_without_soft_deletion_a_deletion_is_an_event_as_others():
    run = invocations(soft_delete=False)
    run.run(to_sqs_records([deleted(START)]))
    assert {"deleted", "ttl"}.isdisjoint(run.item())


# --- what else an item has ----------------------------------------------------------------------


@pytest.mark.parametrize("soft_delete", [True, False])
def test_an_item_expires_so_long_after_its_event(soft_delete):
    run = invocations(ttl=timedelta(days=1), soft_delete=soft_delete)
    run.run(to_sqs_records([thing()]))
    assert run.item()["ttl"] == START // 1_000 + 24 * 3_600


def test_what_to_update_says_counts_more_than_the_rules_options():
    run = invocations(
        ttl=timedelta(days=1),
        discriminator="thing",
        to_update=lambda uow: {**view(uow), "ttl": 5, "discriminator": "other", "latched": None},
    )
    run.run(to_sqs_records([thing()]))
    item = run.item()
    assert (item["ttl"], item["discriminator"], item.get("latched")) == (5, "other", None)


def test_a_time_of_its_own_is_what_the_lock_compares():
    run = invocations(to_update=lambda uow: {**view(uow), "timestamp": uow.event["thing"]["at"]})
    at = [{"id": "t1", "name": str(moment), "at": moment} for moment in (9, 5)]
    run.run(to_sqs_records([thing(f"e{each['at']}", thing=each) for each in at]))
    assert (run.item()["name"], run.lost_races) == ("9", 1)


def test_the_region_that_writes_is_noted_on_request():
    run = invocations(awsregion=True)
    run.run(to_sqs_records([thing()]))
    assert run.item()["awsregion"] == TAGS["region"]


def test_sets_replace_sets_and_empty_ones_are_removed():
    run = invocations(to_update=lambda uow: {**view(uow), "tags": frozenset(uow.event["tags_"])})
    for number, tags in enumerate((["a", "b"], ["c"])):
        run.run(to_sqs_records([thing(f"e{number}", timestamp=START + number, tags_=tags)]))
    assert run.item()["tags"] == {"c"}
    run.run(to_sqs_records([thing("e9", timestamp=START + 9, tags_=[])]))
    assert "tags" not in run.item()


def test_the_table_and_its_key_can_be_others():
    run = invocations(table="view", to_update=lambda _: {"pk": "p", "sk": "s", "a": 1})
    run.run(to_sqs_records([thing()]))
    assert (run.items("things"), run.item("views")["a"]) == ([], 1)
    assert materialize(key=("id",)).key == ("id",)


@pytest.mark.parametrize(
    ("update", "text"),
    [
        ({"pk": "p"}, "what to_update gives lacks 'sk'"),
        ({"pk": "p", "sk": "s", "sequence": "1"}, "gives 'sequence', which is the lock's"),
        (["pk"], "must give a mapping or None, got list"),
        ({"pk": "p", "sk": "s", "x": object()}, "DynamoDB cannot hold a object"),
    ],
    ids=str,
)
def test_what_cannot_be_stored_is_a_fault_of_its_event(update, text):
    run = invocations(to_update=lambda _: update)
    assert run.run(to_sqs_records([thing()])) == DONE
    (fault,) = run.faults
    assert (text in fault["err"]["message"], run.items()) == (True, [])


def test_a_wrong_item_is_told_also_after_good_ones_of_the_same_names():
    run = invocations(
        to_update=lambda uow: {**view(uow), **({"lineage": "x"} if uow.event["id"] == "e2" else {})}
    )
    records = [thing("e1"), thing("e2", timestamp=START + 1), thing("e3", timestamp=START + 2)]
    run.run(numbered(to_kinesis_records(records), [1, 2, 3]))
    assert len(run.faults) == 1
    assert run.item()["timestamp"] == START + 2


# --- items that look alike ----------------------------------------------------------------------

values = (
    st.none() | st.text(max_size=3) | st.integers(0, 9) | st.booleans() | st.just(frozenset("a"))
)
items = st.dictionaries(
    st.sampled_from(["a", "b", "name", "deleted", "latched", "ttl", "a.b"]), values, max_size=4
)


@few
@given(st.lists(items, min_size=1, max_size=6))
def test_a_remembered_shape_gives_what_the_item_gives_by_itself(several):
    several_at_once = invocations(
        to_update=lambda uow: {"pk": uow.event["id"], "sk": "s", **several[uow.event["number"]]}
    )
    events = [
        thing(f"e{number}", number=number, partitionKey=f"e{number}")
        for number in range(len(several))
    ]
    several_at_once.run(to_sqs_records(events))
    found = {item["pk"]: item for item in several_at_once.items()}
    for number, item in enumerate(several):
        single = invocations(to_update=lambda _, item=item: {"pk": "x", "sk": "s", **item})
        single.run(to_sqs_records([events[number]]))
        assert {**single.item(), "pk": f"e{number}"} == found[f"e{number}"]
