"""What becomes of messages that are delivered, fail, are rejected or given up."""

from __future__ import annotations

import json

import pytest

from tests.end_to_end.running import once
from tests.end_to_end.sinks.downstream import until
from tests.end_to_end.sinks.sinks import dead_letters_of, rejected_of

AGAIN, REJECTED, BROKEN = 429, 422, 500


@pytest.mark.calm("counts attempts")
def test_what_is_sent_is_delivered_with_its_key_and_leaves_the_queue(sinks, downstream, place):
    sinks.send("Strict", place, 1, 2, 3, keys=True)

    until(lambda: len(downstream.at(place)) == 3)
    sinks.wait_until_empty("Strict")
    arrivals = downstream.at(place)
    assert sorted(each.key for each in arrivals) == [f"{place}-{n}" for n in (1, 2, 3)]
    assert {each.attempt for each in arrivals} == {1}
    assert [each.kinds for each in arrivals] == [[], [], []]


@pytest.mark.calm("counts attempts")
def test_one_that_fails_comes_again_and_its_neighbours_do_not(sinks, downstream, place):
    downstream.answer(f"{place}/2", AGAIN, 200)

    sinks.send("Strict", place, 1, 2, 3)

    until(lambda: len(downstream.at(place)) == 4)
    sinks.wait_until_empty("Strict")
    assert sorted(downstream.numbers(place)) == [1, 2, 2, 3]
    (first, second) = [each for each in downstream.at(place) if each.data["n"] == 2]
    assert (first.attempt, second.attempt) == (1, 2)
    assert (first.id, first.key) == (second.id, second.key)


def test_what_is_sent_twice_with_one_key_is_delivered_once(sinks, downstream, place):
    before = sinks.metric("Strict", "Repeated")
    sinks.send("Strict", place, 1, keys=True)
    until(lambda: downstream.at(place))
    sinks.wait_until_empty("Strict")

    sinks.send("Strict", place, 1, keys=True)

    until(lambda: sinks.metric("Strict", "Repeated") > before)
    sinks.wait_until_empty("Strict")
    assert once(downstream.numbers(place)) == [1]


def test_what_is_rejected_is_kept_with_its_reason_and_goes_back_when_an_operator_wants(
    sinks, downstream, place, operator
):
    downstream.answer(f"{place}/1", REJECTED, 200)
    sinks.send("Strict", place, 1, 2, keys=True)
    until(lambda: sinks.counts(rejected_of("Strict"))["visible"] == 1)

    status, (told,) = operator("rejected", "Strict")
    assert (status, told["key"], told["reason"]) == (0, f"{place}-1", "no account 7")
    assert json.loads(told["body"])["n"] == 1
    sinks.wait_until_empty("Strict")
    assert not any(sinks.counts(dead_letters_of("Strict")).values())

    status, (again,) = operator("rejected", "Strict", "--resubmit", "--reason", "no account*")
    assert (status, again["id"]) == (0, told["id"])
    until(lambda: len(downstream.at(place)) == 3)
    assert [each.key for each in downstream.at(place)].count(f"{place}-1") == 2
    assert not any(sinks.counts(rejected_of("Strict")).values())


@pytest.mark.calm("counts attempts")
def test_what_fails_too_often_is_a_dead_letter_and_goes_back_by_the_command(
    sinks, downstream, place, operator
):
    downstream.answer(place, AGAIN)
    sinks.send("Strict", place, 1, 2, keys=True)
    until(lambda: sinks.counts(dead_letters_of("Strict"))["visible"] == 2, "two dead letters")
    assert sorted(downstream.numbers(place)) == [1, 1, 1, 2, 2, 2]
    status, (told,) = operator("status", "Strict")
    assert (status, told["deadLetters"]["visible"], told["circuit"]["state"]) == (0, 2, "closed")

    downstream.answer(place, 200)
    status, (answer,) = operator("redrive", "Strict")

    assert (status, answer["started"], answer["perSecond"]) == (0, True, 100)
    until(lambda: len(downstream.at(place)) == 8)
    back = downstream.at(place)[6:]
    assert sorted(each.key for each in back) == [f"{place}-1", f"{place}-2"]
    assert {each.attempt for each in back} == {1}
    status, (refused,) = operator("redrive", "Strict")
    assert (status, refused["started"]) == (1, False)


@pytest.mark.calm("counts attempts")
def test_in_a_fifo_sink_one_that_fails_holds_up_its_group_and_no_other(sinks, downstream, place):
    first, second = f"{place}-a", f"{place}-b"
    downstream.answer(f"{place}/2", AGAIN, AGAIN, 200)

    sinks.send("Orders", place, 1, 2, 3, 4, account=first)
    sinks.send("Orders", place, 11, 12, account=second)

    until(lambda: 4 in downstream.numbers(place, first) and 12 in downstream.numbers(place, second))
    sinks.wait_until_empty("Orders")
    assert downstream.numbers(place, first) == [1, 2, 2, 2, 3, 4]
    assert downstream.numbers(place, second) == [11, 12]


def test_an_operator_pauses_a_sink_and_lets_it_go_on(sinks, downstream, place, operator):
    status, (told,) = operator("pause", "Orders")
    assert (status, told["circuit"]["held"], told["mapping"]["state"]) == (0, True, "Disabled")
    sinks.send("Orders", place, 1, account=place)
    assert sinks.ask("Orders", "reconcile")["circuit"]["held"]
    assert operator("status", "Orders")[1][0]["queue"]["visible"] == 1
    assert downstream.at(place) == []

    status, (told,) = operator("resume", "Orders")

    assert (status, told["circuit"]["held"], told["mapping"]["state"]) == (0, False, "Enabled")
    until(lambda: once(downstream.numbers(place)) == [1])
