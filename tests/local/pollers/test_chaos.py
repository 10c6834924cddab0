"""Bad luck on purpose, the same one for the same seed."""

from __future__ import annotations

import pytest

from cdk_streamer_local.pollers.chaos import CALM, Chaos, Delivery, Trouble, lasting_name

FUNCTION = "Stack-Worker12345678-0123456789AB"
EVERYTHING = Chaos.of(Trouble, 7)
MANY = 400


def deliveries(chaos, function=FUNCTION):
    return [chaos.delivery(function, number) for number in range(MANY)]


def harms(chaos, function=FUNCTION):
    return [chaos.harm(function, number, timeout=30.0) for number in range(MANY)]


def test_the_same_seed_gives_the_same_run():
    again = Chaos.decode(EVERYTHING.encode())

    assert deliveries(again) == deliveries(EVERYTHING)
    assert harms(again) == harms(EVERYTHING)


def test_another_seed_gives_another_run():
    assert deliveries(Chaos.of(Trouble, 8)) != deliveries(EVERYTHING)


def test_functions_do_not_share_their_luck():
    assert deliveries(EVERYTHING, "Stack-Other-1") != deliveries(EVERYTHING)


def test_a_function_has_the_same_luck_in_its_next_deployment():
    assert deliveries(EVERYTHING, "Stack-Worker12345678-BA9876543210") == deliveries(EVERYTHING)


def test_a_name_without_a_part_of_its_own_stays():
    assert lasting_name("worker") == "worker"


def test_without_troubles_nothing_goes_wrong():
    assert set(deliveries(CALM)) == {Delivery()}
    assert set(harms(CALM)) == {None}


def test_only_what_was_asked_for_goes_wrong():
    late = deliveries(Chaos.of(["delay"], 7))

    assert any(delivery.delay for delivery in late)
    assert not any(delivery.duplicate for delivery in late)


def test_all_troubles_happen_and_most_goes_well():
    assert 0 < sum(delivery.duplicate for delivery in deliveries(EVERYTHING)) < MANY / 5
    assert 0 < sum(delivery.delay > 0 for delivery in deliveries(EVERYTHING)) < MANY / 3
    troubles = [harm.trouble for harm in harms(EVERYTHING) if harm]
    assert set(troubles) == {Trouble.CRASH, Trouble.FREEZE}
    assert len(troubles) < MANY / 5


def test_some_freezes_last_longer_than_the_timeout_and_some_do_not():
    lasting = {
        harm.seconds > 30 for harm in harms(EVERYTHING) if harm and harm.trouble is Trouble.FREEZE
    }

    assert lasting == {True, False}


def test_a_wrong_name_is_refused_with_the_right_ones():
    with pytest.raises(ValueError, match="no chaos is called 'mayhem'; there is duplicate, delay"):
        Chaos.of(["delay", "mayhem"])


def test_nothing_asked_for_is_calm():
    assert Chaos.of([""]).troubles == frozenset()
