"""Cdc: each change becomes one event, the same one each time."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.streams import rules, to_dynamodb_records, to_sqs_records
from cdk_streamer_runtime.streams.rules.rule import Rule
from tests.runtime.streams.rules.invocations import DONE, Invocations, change

NEW = {"pk": "t1", "sk": "thing", "discriminator": "thing", "name": "one"}


def thing_of(uow: Any) -> dict[str, Any]:
    image = uow.event["raw"].get("new") or uow.event["raw"]["old"]
    return {"thing": {"id": image["pk"], "name": image.get("name")}}


def invocations(*others: Rule, **options: Any) -> Invocations:
    given: dict[str, Any] = {"id": "c1", "event_type": "thing-*", "to_event": thing_of}
    return Invocations(rules.Cdc(**{**given, **options}), *others)


def published(run: Invocations, *changes: dict[str, Any]) -> list[dict[str, Any]]:
    assert run.run(to_dynamodb_records(changes)) == DONE
    return run.aws.published


def test_a_change_becomes_an_event():
    (event,) = published(invocations(), change(NEW))
    tags = event.pop("tags")
    assert event == {
        "id": "c1.c1",
        "type": "thing-created",
        "timestamp": START,
        "partitionKey": "t1",
        "thing": {"id": "t1", "name": "one"},
    }
    assert (tags["source"], tags["pipeline"], tags["region"]) == ("orders", "c1", "eu-west-1")


def test_the_same_change_gives_the_same_event_each_time():
    run = invocations()
    published(run, change(NEW))
    first, again = published(run, change(NEW))
    assert first == again


def test_parts_of_a_change_have_ids_of_their_own():
    run = invocations(
        split=lambda uow: uow.event["raw"]["new"]["parts"],
        to_event=lambda uow: {"type": "part-created", "part": uow.split},
    )
    events = published(run, change({**NEW, "parts": ["a", "b"]}))
    assert [(each["id"], each["part"]) for each in events] == [("c1.c1.0", "a"), ("c1.c1.1", "b")]


def test_what_to_event_says_counts_more_than_the_change():
    run = invocations(
        to_event=lambda _: {
            "id": "mine",
            "type": "other",
            "timestamp": 5,
            "partitionKey": "p",
            "raw": {"kept": True},
            "tags": {"stage": "test"},
        }
    )
    (event,) = published(run, change(NEW))
    tags = event.pop("tags")
    assert event == {
        "id": "mine",
        "type": "other",
        "timestamp": 5,
        "partitionKey": "p",
        "raw": {"kept": True},
    }
    assert (tags["stage"], tags["pipeline"], tags["source"]) == ("test", "c1", "orders")


def test_a_copy_of_the_change_is_an_event_of_its_own_without_raw():
    (event,) = published(invocations(to_event=lambda uow: {**uow.event, "a": 1}), change(NEW))
    assert (event["id"], event["a"], "raw" in event) == ("c1.c1", 1, False)
    assert event["tags"]["pipeline"] == "c1"


def test_none_is_no_event():
    assert published(invocations(to_event=lambda _: None), change(NEW)) == []


def test_what_was_received_is_not_sent_back():
    assert published(invocations(), change({**NEW, "latched": True})) == []
    run = invocations(with_latched=True)
    assert len(published(run, change({**NEW, "latched": True}))) == 1


def test_a_change_made_here_of_what_was_received_is_sent():
    changes = change({**NEW, "name": "two"}, {**NEW, "latched": True})
    assert [each["type"] for each in published(invocations(), changes)] == ["thing-updated"]


def test_the_removal_of_what_was_received_is_sent_but_not_that_of_a_mark():
    removed = change(None, {**NEW, "latched": True})
    mark = change(None, {**NEW, "latched": True, "deleted": True}, id="c2")
    assert [each["id"] for each in published(invocations(), removed, mark)] == ["c1.c1"]


def test_of_the_changes_of_an_item_in_a_batch_the_last_counts_on_request():
    run = invocations(compact=True)
    changes = [
        {**change({**NEW, "name": str(n)}, id=f"c{n}"), "timestamp": START + 1_000 * (2 - n)}
        for n in range(3)
    ]
    (event,) = published(run, *changes)
    assert (event["id"], event["thing"]["name"]) == ("c0.c1", "0")


def test_what_is_compacted_can_be_told():
    how = rules.Compact(
        group=lambda uow: uow.event["raw"]["new"]["kind"], sort=lambda uow: uow.place.sequence
    )
    run = invocations(compact=how)
    kinds = ["a", "b", "a"]
    changes = [
        change({**NEW, "pk": str(n), "kind": kind}, id=f"c{n}") for n, kind in enumerate(kinds)
    ]
    assert {each["id"] for each in published(run, *changes)} == {"c1.c1", "c2.c1"}


def test_what_belongs_to_a_change_can_be_read():
    run = invocations(
        query_request=lambda uow: {
            "KeyConditionExpression": "#pk = :pk",
            "ExpressionAttributeNames": {"#pk": "pk"},
            "ExpressionAttributeValues": {":pk": uow.event["partitionKey"]},
        },
        get_request=lambda _: {"Key": {"pk": "owner", "sk": "o"}},
        batch_get_request=lambda _: {"Keys": [{"pk": "t1", "sk": "part"}, {"pk": "x", "sk": "y"}]},
        to_event=lambda uow: {
            "parts": [item["sk"] for item in uow.query_response],
            "owner": uow.get_response["name"],
            "several": [item and item["sk"] for item in uow.batch_get_response],
        },
    )
    for item in ({"pk": "t1", "sk": "part"}, {"pk": "owner", "sk": "o", "name": "you"}):
        wire = {name: {"S": value} for name, value in item.items()}
        run.aws.call("dynamodb", "PutItem", {"TableName": "things", "Item": wire})
    (event,) = published(run, change(NEW))
    assert (event["parts"], event["owner"], event["several"]) == (["part"], "you", ["part", None])


@pytest.mark.parametrize("given", [["a"], "text", 7])
def test_what_is_no_event_is_a_fault(given):
    (fault,) = published(invocations(to_event=lambda _: given), change(NEW))
    assert fault["type"] == "fault"
    assert "to_event must give a mapping or None, got" in fault["err"]["message"]


def test_the_types_that_it_publishes_are_told_for_graphs():
    def rule(**options: Any) -> rules.Cdc:
        return rules.Cdc(id="c1", to_event=thing_of, **options)

    assert rule(event_type=["a", "b-*"]).emits() == ("a",)
    assert rule(event_type="a", emitted_types=("x", "y")).pipelines()[0].emits == ("x", "y")


def test_two_systems_that_tell_each_other_of_changes_do_not_echo():
    def view(uow: Any) -> dict[str, Any]:
        return {"pk": uow.event["thing"]["id"], "sk": "thing", "name": uow.event["thing"]["name"]}

    here = invocations(
        rules.Materialize(
            id="m1",
            event_type="thing-*",
            filter=lambda uow: uow.event.tags.get("source") == "there",
            discriminator="thing",
            to_update=view,
        ),
        filter=lambda uow: "raw" in uow.event,
    )
    (sent,) = published(here, change({**NEW, "name": "mine"}))
    here.aws.published.clear()
    here.run(to_sqs_records([{**sent, "id": "theirs", "tags": {"source": "there"}}]))
    stored = here.aws.stream_records("things")

    assert here.item()["latched"] is True
    assert here.run({"Records": stored}) == DONE
    assert here.aws.published == []
