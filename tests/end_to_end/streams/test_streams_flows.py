"""Records that go their way: from each kind of source to what is made of them."""

from __future__ import annotations

import random

from tests.end_to_end.streams.processors import SECRET, event


def test_a_record_travels_from_a_data_stream_into_a_view(streams, id):
    streams.tell(event("thing-told", id, 7))

    streams.wait_for_number(id, 7)
    assert streams.item(id)["note"] == SECRET


def test_what_happened_to_a_key_is_written_in_its_order_while_others_are_written(streams, id):
    ids = [f"{id}-{number}" for number in range(6)]
    for begin in (0, 10):
        streams.tell(
            *(event("thing-changed", each, begin + at) for at in range(10) for each in ids)
        )

    streams.wait(lambda: all(len(streams.history(each)) >= 20 for each in ids))
    assert {each: list(dict.fromkeys(streams.history(each))) for each in ids} == {
        each: list(range(20)) for each in ids
    }


def test_the_newest_event_is_what_the_view_ends_with_in_whatever_order_they_come(streams, id):
    numbers = random.Random(7).sample(range(1, 31), 30)
    told = [event("thing-told", id, number) for number in numbers]
    lost = streams.metric("LostRaces")
    with streams.held():
        streams.tell(*told, event("thing-told", f"{id}-end"))

    streams.wait_for_number(f"{id}-end", 0)
    streams.wait_for_number(id, 30)
    streams.wait(lambda: streams.metric("LostRaces") > lost)


def test_the_same_event_twice_is_once_in_the_view(streams, id):
    told, later = event("thing-told", id, 1), event("thing-told", id, 2)
    streams.tell(told, later, told)
    streams.tell(event("thing-told", f"{id}-end"))

    streams.wait_for_number(f"{id}-end", 0)
    assert streams.number(id) == 2


def test_each_rule_that_takes_an_event_has_its_own_way_with_it(streams, id):
    written = event("mail-written", id, 3)
    streams.tell(written)

    mail = next(streams.messages("Mails/Resource", lambda mail: mail["id"] == id))
    streams.wait(lambda: streams.archived(id) is not None)
    assert mail == streams.archived(id) == written["thing"]


def test_what_changes_in_a_table_is_heard_by_who_listens_to_the_bus(streams, id):
    streams.command(id, 1)
    streams.wait_for_number(id, 1, "heard")
    streams.command(id, 2)

    streams.wait_for_number(id, 2, "heard")


def test_an_event_too_large_for_the_bus_is_heard_whole_by_claim_check(streams, id):
    before = streams.claims()
    streams.command(id, 1, text="x" * 300_000, times=4)

    streams.wait_for_number(id, 1, "heard")
    assert streams.item(id, "heard")["length"] == 1_200_000
    (size,) = set(streams.claims()) - set(before)
    assert size > 1_200_000


def test_two_halves_make_one_whole_whether_they_come_together_apart_or_again(streams, id):
    together, apart, half = f"{id}-a", f"{id}-b", f"{id}-c"
    left, right = event("pair-left", apart, 1), event("pair-right", apart, 2)
    streams.tell(left, event("pair-left", half))
    streams.tell(event("pair-left", together, 1), event("pair-right", together, 2))
    streams.tell(right, left, right)

    streams.wait(lambda: all(map(streams.emissions, (together, apart))), "a whole")
    last = f"{id}-d"
    streams.tell(right, left, event("pair-left", last, 1), event("pair-right", last, 2))
    streams.wait(lambda: streams.emissions(last), "the last whole")
    assert [len(streams.emissions(each)) for each in (together, apart, half)] == [1, 1, 0]


def test_two_processors_keep_their_items_in_one_table(streams, id):
    streams.tell(event("thing-told", id, 1), event("strict-told", id, 2))
    streams.command(id, 3)

    for number, kind in enumerate(("view", "strict", "heard"), 1):
        streams.wait_for_number(id, number, kind)


def test_a_filter_keeps_from_a_processor_what_its_rules_do_not_take(streams, id):
    streams.tell(*(event("thing-told", id, number) for number in range(5)))
    streams.tell(event("strict-told", id, 6))

    # Of one key, so what came before was decided.
    streams.wait_for_number(id, 6, "strict")
    streams.wait(
        lambda: 0 < streams.metric("Records", "Strict") <= streams.metric("Events", "Strict"),
        "an event of a rule for each record",
    )
