"""Update and SendMessages: what is read decides what is written; events become messages."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.streams import rules, to_dynamodb_records, to_sqs_records
from cdk_streamer_runtime.streams.rules.item import ItemUpdate
from tests.runtime.streams.pipelines.units import unit
from tests.runtime.streams.rules.invocations import DONE, Invocations, change, thing


def stored(run: Invocations, **members: str) -> None:
    wire = {name: {"S": value} for name, value in members.items()}
    run.aws.call("dynamodb", "PutItem", {"TableName": "things", "Item": wire})


def update(**options: Any) -> Invocations:
    return Invocations(rules.Update(id="u1", event_type="thing-*", **options))


def test_an_item_is_changed_by_what_was_read():
    run = update(
        get_request=lambda uow: {"Key": {"pk": uow.event["partitionKey"], "sk": "thing"}},
        to_update=lambda uow: {"pk": "t1", "sk": "copy", "name": uow.get_response["name"] + "!"},
    )
    stored(run, pk="t1", sk="thing", name="one")
    assert run.run(to_sqs_records([thing()])) == DONE
    assert run.items()[1] == {"pk": "t1", "sk": "copy", "name": "one!"}


@pytest.mark.parametrize(("options", "expected"), [({}, False), ({"consistent": True}, True)])
def test_reads_see_the_last_write_on_request(options, expected):
    run = update(
        get_request=lambda _: {"Key": {"pk": "t1", "sk": "thing"}},
        to_update=lambda _: None,
        **options,
    )
    run.run(to_sqs_records([thing()]))
    assert run.aws.consistent == [expected]


def test_without_a_lock_the_last_to_come_wins():
    run = update(to_update=lambda uow: {"pk": "t1", "sk": "s", "at": uow.event["timestamp"]})
    run.run(to_sqs_records([thing(timestamp=START + 1), thing("e2")]))
    assert run.item() == {"pk": "t1", "sk": "s", "at": START}


@pytest.mark.parametrize("lock", [True, False])
@pytest.mark.parametrize("members", [{}, {"a": None}, {"a": 1}, {"a": None, "b": 1}])
def test_an_item_may_have_few_attributes_or_none(lock, members):
    run = update(to_update=lambda _: {"pk": "t1", "sk": "s", **members}, lock=lock)
    stored(run, pk="t1", sk="s")
    assert run.run(to_sqs_records([thing()])) == DONE
    kept = {name: value for name, value in members.items() if value is not None}
    time = {"timestamp": START} if lock else {}
    assert (run.item(), run.faults) == ({"pk": "t1", "sk": "s", **kept, **time}, [])


def test_a_key_may_be_a_single_attribute():
    update = ItemUpdate(to_item=lambda _: {"id": "t1", "a": 1}, key=("id",), lock=False)
    requests = [update.request(unit(number)) or {} for number in range(2)]
    assert [request["Key"] for request in requests] == [{"id": "t1"}] * 2


def test_with_a_lock_the_newest_wins():
    run = update(
        to_update=lambda uow: {"pk": "t1", "sk": "s", "at": uow.event["timestamp"]}, lock=True
    )
    run.run(to_sqs_records([thing(timestamp=START + 1), thing("e2")]))
    assert (run.item()["at"], run.lost_races) == (START + 1, 1)


def test_the_parameters_can_be_said_as_dynamodb_has_them():
    run = update(
        to_update_request=lambda _: {
            "Key": {"pk": "t1", "sk": "s"},
            "UpdateExpression": "ADD #n :one",
            "ExpressionAttributeNames": {"#n": "n"},
            "ExpressionAttributeValues": {":one": 1},
        }
    )
    run.run(to_sqs_records([thing(), thing("e2")]))
    assert run.item()["n"] == 2


def test_changes_that_were_received_can_be_left_out():
    new = {"pk": "t1", "sk": "thing", "discriminator": "thing", "latched": True}
    run = update(to_update=lambda _: {"pk": "t1", "sk": "s"}, with_latched=False)
    run.run(to_dynamodb_records([change(new)]))
    assert run.aws.asked == []


def messages(**options: Any) -> Invocations:
    return Invocations(
        rules.SendMessages(
            id="s1",
            event_type="thing-*",
            queue="mails",
            **{"to_message": lambda uow: {"MessageBody": uow.event["thing"]}, **options},
        )
    )


def test_an_event_becomes_a_message():
    run = messages()
    assert run.run(to_sqs_records([thing()])) == DONE
    assert list(map(json.loads, run.aws.messages("mails"))) == [{"id": "t1", "name": "one"}]


def test_only_events_that_the_filter_wants_become_messages():
    run = messages(filter=lambda uow: uow.event["thing"]["name"] == "two")
    run.run(to_sqs_records([thing(), thing("e2", thing={"name": "two"})]))
    assert run.aws.messages("mails") == ['{"name":"two"}']


def test_a_rate_spreads_them_over_time():
    run = messages(rate=rules.Rate(count=2, per=timedelta(seconds=1)))
    run.run(to_sqs_records([thing(f"e{n}", partitionKey=str(n)) for n in range(5)]))
    assert (len(run.aws.messages("mails")), run.platform.now) == (5, START + 2_000)


def test_what_a_rate_has_no_time_for_comes_again():
    run = messages(rate=rules.Rate(count=1, per=timedelta(seconds=40)))
    answer = run.run(to_sqs_records([thing(f"e{n}", partitionKey=str(n)) for n in range(4)]))
    assert len(run.aws.messages("mails")) + len(answer["batchItemFailures"]) == 4
    assert run.faults == []
    assert answer["batchItemFailures"]


def test_its_own_events_come_back_only_on_request():
    def run(**options: Any) -> list[str]:
        invocations = messages(**options)
        invocations.run(to_sqs_records([thing(tags={"source": "orders"})]))
        return invocations.aws.messages("mails")

    assert run() == []
    assert len(run(own=True)) == 1


def test_a_message_can_be_of_a_group_or_a_batch():
    def bodies(**options: Any) -> list[Any]:
        run = messages(
            to_message=lambda uow: {"MessageBody": [unit.event.id for unit in uow.batch]}, **options
        )
        events = [thing(f"e{n}", partitionKey=f"k{n % 2}") for n in range(5)]
        assert run.run(to_sqs_records(events)) == DONE
        return sorted(map(json.loads, run.aws.messages("mails")))

    assert bodies(group=True) == [["e0", "e2", "e4"], ["e1", "e3"]]
    assert bodies(group=lambda _: "all") == [["e0", "e1", "e2", "e3", "e4"]]
    assert bodies(batch=3) == [["e0", "e1", "e2"], ["e3", "e4"]]
