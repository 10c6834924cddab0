"""Sinks for DynamoDB."""

from __future__ import annotations

import pytest

from cdk_streamer_runtime.contract.streams import StreamMetric
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import (
    AwsError,
    ConditionFailed,
    DeadlineExceeded,
    Throttled,
    Unreachable,
)
from cdk_streamer_runtime.streams.sinks.dynamodb import (
    Lost,
    batch_write,
    delete,
    put,
    transact,
    update,
)
from cdk_streamer_runtime.streams.sinks.expressions import timestamp_condition, update_expression
from tests.runtime.streams.sinks.sending import batch, unit

KEY = {"pk": "thing-1", "sk": "thing"}


def view(timestamp: int, **attributes):
    item = {"timestamp": timestamp, **attributes}
    return {"Key": KEY, **update_expression(item, timestamp_condition(item))}


@pytest.fixture
def things(surroundings) -> Table:
    return Table(surroundings.aws, "things")


def lost_answer() -> Unreachable:
    return Unreachable("Timeout", "", 0, "UpdateItem")


# --- update, put, delete ------------------------------------------------------------------------


def test_an_item_is_updated(surroundings, things):
    (passed,) = surroundings.send(update(), unit(update_request=view(1, name="x")))
    assert things.get(KEY) == {**KEY, "timestamp": 1, "name": "x"}
    assert passed.update_response == {}


def test_a_unit_without_a_request_passes_on(surroundings):
    first, second = unit(), unit(update_request=None)
    assert surroundings.send(update(), first, second) == [first, second]
    assert surroundings.aws.asked == []


def test_a_lost_race_is_counted_and_done(surroundings, things):
    surroundings.send(update(), unit(update_request=view(2, name="new")))
    passed = surroundings.send(update(), unit(update_request=view(1, name="old")))
    assert passed == [None]
    assert things.get(KEY)["name"] == "new"
    assert surroundings.meter.counts == {StreamMetric.LOST_RACES: 1}


def test_a_lost_race_may_pass_on_with_what_is_stored(surroundings):
    surroundings.send(update(), unit(update_request=view(2, name="new")))
    step = update(lost=Lost.PASS)
    (passed,) = surroundings.send(step, unit(update_request=view(1)))
    assert passed.update_response == {"Item": {**KEY, "timestamp": 2, "name": "new"}}


def test_a_lost_race_may_be_a_failure(surroundings):
    surroundings.send(update(), unit(update_request=view(2, name="new")))
    with pytest.raises(ConditionFailed) as failure:
        surroundings.send(update(lost=Lost.FAIL), unit(update_request=view(1)))
    assert failure.value.item["name"] == "new"  # pyright: ignore[reportOptionalSubscript] - then it fails


def test_an_update_whose_answer_got_lost_is_done_again_without_harm(surroundings, things):
    surroundings.aws.lost["UpdateItem"] = [lost_answer()]
    request = view(1, name="x")
    with pytest.raises(Unreachable):
        surroundings.send(update(), unit(update_request=request))
    (passed,) = surroundings.send(update(), unit(update_request=request))
    assert passed is not None
    assert things.get(KEY)["name"] == "x"


def test_an_update_gives_attributes_as_plain_values(surroundings):
    request = {**view(1, price=1.5), "ReturnValues": "ALL_NEW"}
    (passed,) = surroundings.send(update(), unit(update_request=request))
    assert passed.update_response["Attributes"]["price"] == 1.5


def test_several_requests_are_sent_in_their_order(surroundings, things):
    requests = [view(1, name="first"), view(2, name="second")]
    (passed,) = surroundings.send(update(), unit(update_request=requests))
    assert things.get(KEY)["name"] == "second"
    assert passed.update_response == [{}, {}]


def test_a_list_of_requests_ends_with_the_time(surroundings, things):
    surroundings.platform.now = surroundings.world.deadline
    requests = [view(1, name="first"), view(2, name="second")]
    with pytest.raises(DeadlineExceeded, match="no time for all requests"):
        surroundings.send(update(), unit(update_request=requests))
    assert things.get(KEY)["name"] == "first"


def test_a_merged_unit_sends_the_requests_of_its_members(surroundings, things):
    first = unit("1", update_request=view(1, name="first"))
    second = unit("2", update_request=view(2, name="second"))
    (passed,) = surroundings.send(update(), batch(first, unit("3"), second))
    assert things.get(KEY)["name"] == "second"
    assert passed.update_response == [{}, {}]


def test_a_whole_item_is_put_and_deleted(surroundings, things):
    surroundings.send(put(), unit(put_request={"Item": {**KEY, "tags": {"a"}}}))
    assert things.get(KEY) == {**KEY, "tags": {"a"}}
    surroundings.send(delete(), unit(delete_request={"Key": KEY}))
    assert things.get(KEY) is None


def test_a_sink_writes_to_the_table_it_names(surroundings):
    request = {"Item": {"pk": "1"}}
    surroundings.send(put(table="others"), unit(put_request=request))
    assert Table(surroundings.aws, "others").get({"pk": "1"}) == {"pk": "1"}


@pytest.mark.parametrize(
    ("request_", "error", "text"),
    [
        ({"UpdateExpression": "SET a = :a"}, ValueError, "the request has no 'Key'"),
        ("thing-1", TypeError, "a request is a dict"),
    ],
)
def test_a_request_says_what_it_lacks(surroundings, request_, error, text):
    with pytest.raises(error, match=text):
        surroundings.send(update(), unit(update_request=request_))


@pytest.mark.parametrize(
    ("step", "actions"),
    [
        (update(), ("dynamodb:UpdateItem",)),
        (put(), ("dynamodb:PutItem",)),
        (delete(), ("dynamodb:DeleteItem",)),
        (batch_write(), ("dynamodb:BatchWriteItem",)),
    ],
)
def test_a_sink_uses_its_own_action_alone(step, actions):
    assert [use.actions for use in step.uses] == [actions]


# --- batch write --------------------------------------------------------------------------------


def write(number: int, **attributes):
    item = {"pk": f"thing-{number}", "sk": "thing", **attributes}
    return unit(str(number), batch_write_request={"PutRequest": {"Item": item}})


def test_items_are_written_together(surroundings, things):
    removal = {"DeleteRequest": {"Key": {"pk": "thing-9", "sk": "thing"}}}
    surroundings.send(batch_write(), write(9))
    units = [write(1), write(2, n=1.0), unit("9", batch_write_request=removal)]
    passed = surroundings.send(batch_write(), *units)
    assert [each.batch_write_response for each in passed] == [{}, {}, {}]
    assert things.get({"pk": "thing-9", "sk": "thing"}) is None
    assert things.get({"pk": "thing-2", "sk": "thing"})["n"] == 1


def test_a_batch_that_writes_an_item_twice_ends_with_what_came_last(surroundings, things):
    units = [write(number % 4, n=number) for number in range(10)]
    (answered,) = surroundings.send(batch_write(), batch(*units))
    assert answered.batch_write_response == [{}] * 10
    stored = [things.get({"pk": f"thing-{number}", "sk": "thing"})["n"] for number in range(4)]
    assert stored == [8, 9, 6, 7]


def test_a_write_that_the_table_refuses_fails_alone(surroundings, things):
    step = batch_write()
    odd = unit("2", batch_write_request={"PutRequest": {"Item": {"pk": "x"}}})
    answers = surroundings.send(step, write(1), odd, write(3))
    assert isinstance(answers[1], AwsError)
    assert things.get({"pk": "thing-3", "sk": "thing"}) is not None


class Busy:
    """AWS whose table puts some items off, and writes numbers in another way."""

    def __init__(self, aws, *keys):
        self._aws = aws
        self._keys = keys

    def call(self, service, operation, parameters):
        writes = parameters["RequestItems"]["things"]
        left = [each for each in writes if self._key(each) in self._keys]
        taken = [each for each in writes if each not in left]
        if taken:
            self._aws.call(service, operation, {"RequestItems": {"things": taken}})
        told = [
            {"PutRequest": {"Item": each["PutRequest"]["Item"] | {"n": {"N": "1"}}}}
            for each in left
        ]
        return {"UnprocessedItems": {"things": told} if told else {}}

    def _key(self, write):
        return write["PutRequest"]["Item"]["pk"]["S"]


def test_what_the_table_puts_off_is_known_by_its_unit(surroundings):
    step = batch_write()
    entries = [step.prepare(write(number, n=1.0), surroundings.world) for number in (1, 2, 3)]
    aws = Busy(surroundings.aws, {"S": "thing-2"}["S"])
    world = _with(surroundings.world, aws)
    answers = step.send([entry.value for entry in entries], world)  # pyright: ignore[reportOptionalMemberAccess] - then it fails
    assert [type(answer) for answer in answers] == [dict, Throttled, dict]


def _with(world, aws):
    from dataclasses import replace

    return replace(world, aws=aws)


# --- transact -----------------------------------------------------------------------------------


def writes(timestamp: int):
    return {
        "TransactItems": [{"Update": view(timestamp)}, {"Put": {"Item": {"pk": "1", "sk": "x"}}}]
    }


def test_all_writes_are_done_or_none(surroundings, things):
    surroundings.send(transact(), unit(transact_request=writes(2)))
    assert things.get({"pk": "1", "sk": "x"}) is not None
    surroundings.send(delete(), unit(delete_request={"Key": {"pk": "1", "sk": "x"}}))
    assert surroundings.send(transact(), unit(transact_request=writes(1))) == [None]
    assert things.get({"pk": "1", "sk": "x"}) is None
    assert surroundings.meter.counts == {StreamMetric.LOST_RACES: 1}


def test_a_transaction_that_comes_again_does_nothing(surroundings, things):
    counter = {
        "Key": KEY,
        "UpdateExpression": "ADD #n :n",
        "ExpressionAttributeNames": {"#n": "n"},
        "ExpressionAttributeValues": {":n": 1},
    }
    request = {"TransactItems": [{"Update": counter}]}
    surroundings.send(transact(), *[unit("1", transact_request=request)] * 2)
    assert things.get(KEY)["n"] == 1
    surroundings.send(transact(), unit("2", transact_request=request))
    assert things.get(KEY)["n"] == 2


def test_a_transaction_spans_the_tables_it_names(surroundings):
    items = [{"Put": {"TableName": "others", "Item": {"pk": "1"}}}]
    step = transact(tables=("table", "others"))
    surroundings.send(step, unit(transact_request={"TransactItems": items}))
    assert Table(surroundings.aws, "others").get({"pk": "1"}) is not None


def test_a_transaction_keeps_to_its_tables(surroundings):
    items = [{"Put": {"TableName": "others", "Item": {"pk": "1"}}}]
    with pytest.raises(ValueError, match="table 'others' is none of this step's"):
        surroundings.send(transact(), unit(transact_request={"TransactItems": items}))


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([], "1 to 100 writes, got 0"),
        ([{"Put": {}, "Delete": {}}], r"one operation, got \['Delete', 'Put'\]"),
        ([{"Put": {"Key": {}}}], "the request has no 'Item'"),
    ],
)
def test_a_transaction_says_what_is_wrong_with_it(surroundings, items, text):
    with pytest.raises(ValueError, match=text):
        surroundings.send(transact(), unit(transact_request={"TransactItems": items}))


def test_a_transaction_that_failed_otherwise_is_a_failure(surroundings):
    items = [{"Put": {"Item": {"pk": "1"}}}]
    with pytest.raises(AwsError):
        surroundings.send(transact(), unit(transact_request={"TransactItems": items}))
