"""Queries for items by their keys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import Throttled
from cdk_streamer_runtime.streams.queries.items import batch_get, get
from cdk_streamer_runtime.streams.sinks.dynamodb import put
from tests.runtime.streams.sinks.sending import unit


def key(number: int) -> dict[str, str]:
    return {"pk": f"thing-{number}", "sk": "thing"}


@pytest.fixture(autouse=True)
def items(surroundings):
    table = Table(surroundings.aws, "things")
    for number in range(3):
        table.put({**key(number), "n": number, "tags": ["a"]})
    surroundings.aws.asked.clear()


def asked(number: int):
    return unit(str(number), get_request={"Key": key(number)})


def test_an_item_is_read_as_plain_values(surroundings):
    found, missing = surroundings.send(get(), asked(1), asked(9))
    assert found.get_response == {**key(1), "n": 1, "tags": ["a"]}
    assert missing.get_response is None


def test_the_same_question_is_asked_once_an_invocation(surroundings):
    surroundings.send(get(), asked(1), asked(1), asked(2))
    assert surroundings.aws.count("GetItem") == 2


def test_another_invocation_asks_again(surroundings):
    surroundings.send(get(), asked(1))
    surroundings.world = replace(surroundings.world, memory={})
    surroundings.send(get(), asked(1))
    assert surroundings.aws.count("GetItem") == 2


@pytest.mark.parametrize(
    "other",
    [
        (get(table="others"), {"Key": {"pk": "thing-1"}}),
        (get(consistent=True), {"Key": key(1)}),
        (get(), {"Key": key(1), "ProjectionExpression": "pk"}),
        (get(), {"Key": {**key(1), "sk": "other"}}),
    ],
    ids=["table", "consistency", "projection", "key"],
)
def test_an_answer_is_remembered_under_all_that_decides_it(surroundings, other):
    step, request = other
    surroundings.send(get(), asked(1))
    surroundings.send(step, unit(get_request=request))
    assert surroundings.aws.count("GetItem") == 2


def test_what_is_written_meanwhile_is_read_anew(surroundings):
    surroundings.send(get(), asked(1))
    surroundings.send(put(), unit(put_request={"Item": {**key(1), "n": 7}}))
    (found,) = surroundings.send(get(), asked(1))
    assert found.get_response["n"] == 7


def test_a_write_during_a_read_is_not_covered_by_its_answer(surroundings):
    step = get()

    class Slow:
        def call(self, *arguments):
            answer = surroundings.aws.call(*arguments)
            surroundings.send(put(), unit(put_request={"Item": {**key(1), "n": 7}}))
            return answer

    step.send(asked(1), replace(surroundings.world, aws=Slow()))
    (found,) = surroundings.send(step, asked(1))
    assert found.get_response["n"] == 7


def test_a_read_without_memory_asks_each_time(surroundings):
    surroundings.send(get(cache=False), asked(1), asked(1))
    assert surroundings.aws.count("GetItem") == 2


def test_what_one_does_to_an_item_is_nothing_to_the_others(surroundings):
    first, second = surroundings.send(get(), asked(1), asked(1))
    first.get_response["tags"].append("b")
    assert second.get_response["tags"] == ["a"]


# --- batch get ----------------------------------------------------------------------------------


def several(*numbers: int):
    return unit(str(numbers), batch_get_request={"Keys": [key(number) for number in numbers]})


def test_items_come_in_the_order_of_their_keys(surroundings):
    (found,) = surroundings.send(batch_get(), several(2, 9, 0))
    assert [item and item["n"] for item in found.batch_get_response] == [2, None, 0]


def test_a_key_of_several_units_is_read_once(surroundings):
    first, second = surroundings.send(batch_get(), several(1, 2), several(2, 1, 1))
    assert [item["n"] for item in second.batch_get_response] == [2, 1, 1]
    assert first.batch_get_response[0] == {**key(1), "n": 1, "tags": ["a"]}
    ((_, parameters),) = surroundings.aws.asked
    assert len(parameters["RequestItems"]["things"]["Keys"]) == 2


def test_more_keys_than_a_call_takes_are_read_in_several(surroundings):
    (found,) = surroundings.send(batch_get(), several(*range(250)))
    assert surroundings.aws.count("BatchGetItem") == 3
    assert sum(item is not None for item in found.batch_get_response) == 3


def test_what_is_known_is_not_read_again(surroundings):
    surroundings.send(batch_get(), several(1))
    surroundings.send(batch_get(), several(1))
    assert surroundings.aws.count("BatchGetItem") == 1


class Busy:
    """AWS whose table puts off all keys but the first, and knows how numbers are written."""

    def __init__(self, aws):
        self._aws = aws

    def call(self, service, operation, parameters):
        keys = parameters["RequestItems"]["things"]["Keys"]
        asked = {"RequestItems": {"things": {"Keys": keys[:1]}}}
        answer = self._aws.call(service, operation, asked)
        return {**answer, "UnprocessedKeys": {"things": {"Keys": keys[1:]}}}


def test_only_units_whose_keys_are_put_off_are_throttled(surroundings):
    surroundings.world = replace(surroundings.world, aws=Busy(surroundings.aws))
    first, second = surroundings.send(batch_get(), several(1), several(1, 2))
    assert first.batch_get_response[0]["n"] == 1
    assert isinstance(second, Throttled)


def test_what_was_read_before_others_were_put_off_is_kept(surroundings):
    surroundings.world = replace(surroundings.world, aws=Busy(surroundings.aws))
    answers = [surroundings.send(batch_get(), several(0, 1, 2))[0] for _ in range(3)]
    assert [item["n"] for item in answers[-1].batch_get_response] == [0, 1, 2]


def test_queries_use_their_own_action_alone():
    assert [use.actions for step in (get(), batch_get()) for use in step.uses] == [
        ("dynamodb:GetItem",),
        ("dynamodb:BatchGetItem",),
    ]
