"""Collect, correlate, evaluate: what is stored, what is counted, what is emitted."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.streams import outbox_item, rules
from tests.runtime.streams.store.shop import MINUTE, Shop, event

ORDER = rules.Collect(id="c", event_type="*", correlation_key="order.id")
PAID, PACKED = event("p1", "order-paid"), event("p2", "order-packed", MINUTE)


def both(uow) -> bool:
    return {"order-paid", "order-packed"} <= {each.type for each in uow.correlated}


def ready(**options) -> rules.Evaluate:
    given = {"event_type": ["order-paid", "order-packed"], "expression": both, **options}
    return rules.Evaluate(**{"id": "ready", "emit": "order-ready", **given})


def shop(*further, collect=(ORDER,), **options) -> Shop:
    return Shop(ready(**options), *further, collect=collect)


# --- collect ----------------------------------------------------------------------------------


def test_a_collected_event_is_a_row_under_its_id():
    it = Shop(collect=[rules.Collect(id="c", event_type="*", ttl=timedelta(days=1))])
    it.collect(PAID | {"raw": {"much": "of it"}})
    (row,) = it.rows("EVENT")
    assert row == {
        "pk": "p1",
        "sk": "EVENT",
        "discriminator": "EVENT",
        "timestamp": START,
        "ttl": START // 1000 + 86_400,
        "awsregion": "memory",
        "sequence": row["sequence"],
        "rule": "c",
        "event": PAID,
    }


def test_an_event_without_correlation_key_is_kept_for_itself():
    it = Shop(collect=[ORDER])
    it.collect({name: value for name, value in PAID.items() if name != "order"})
    assert (len(it.rows("EVENT")), len(it.rows("CORREL"))) == (1, 0)


def test_an_event_that_is_delivered_again_makes_no_second_record_of_the_stream():
    it = Shop(collect=[ORDER])
    it.collect(PAID, PAID)
    it.collect(PAID)
    assert len(it.memory.stream_records("events")) == 2  # its row, and its correlation's
    assert it.meter.counts["LostRaces"] == 2


def test_raw_is_kept_when_it_is_asked_for():
    it = Shop(collect=[rules.Collect(id="c", event_type="*", include_raw=True)])
    it.collect(PAID | {"raw": {"new": 1}})
    assert it.rows("EVENT")[0]["event"]["raw"] == {"new": 1}


@pytest.mark.parametrize("length", [1_025, 3_000])
def test_keys_and_ids_may_be_longer_than_keys_of_dynamodb(length):
    it = shop()
    it.collect(*(each | {"id": f"{each['id']}{'x' * length}", "order": {"id": "k" * length}}
                 for each in (PAID, PACKED)))  # fmt: skip
    it.pump()
    (emitted,) = it.published
    assert emitted["partitionKey"] == "k" * length


def test_a_correlation_key_that_is_no_text_is_a_fault():
    it = Shop(collect=[ORDER])
    it.collect(PAID | {"order": {"id": 1.5}})
    (fault,) = it.published
    assert "a correlation key must be a text or a whole number" in fault["err"]["message"]


# --- evaluate ---------------------------------------------------------------------------------


def test_an_event_is_emitted_when_all_that_belong_together_are_there():
    it = shop()
    it.collect(PAID)
    it.pump()
    assert it.published == []
    it.collect(PACKED)
    it.pump()
    (emitted,) = it.published
    assert emitted == {
        "id": emitted["id"],
        "type": "order-ready",
        "timestamp": PACKED["timestamp"],
        "partitionKey": "17",
        "order": {"id": "17"},
        "tags": {"source": "shop", "region": "memory", "pipeline": "ready"},
        "triggers": [{name: PACKED[name] for name in ("id", "type", "timestamp")}],
    }


def test_evaluate_emits_once_although_both_completing_events_share_a_batch():
    it = shop()
    it.collect(PAID, PACKED)
    it.pump()
    assert [each["type"] for each in it.published] == ["order-ready"]


def test_evaluate_emits_once_although_the_completing_events_come_one_by_one():
    it = shop()
    it.collect(PAID, PACKED)
    it.pump(size=1)
    assert [each["type"] for each in it.published] == ["order-ready"]


def test_one_query_reads_for_all_events_of_a_key_in_a_batch():
    it = shop()
    it.collect(*(event(f"e{number}", "order-paid", number) for number in range(20)))
    it.pump()
    assert [name for name, _ in it.aws.asked].count("Query") == 1


def test_what_is_correlated_is_read_consistently():
    it = shop()
    it.collect(PAID)
    it.pump()
    (query,) = [parameters for name, parameters in it.aws.asked if name == "Query"]
    assert query["ConsistentRead"] is True


def test_events_are_seen_in_the_order_of_time_whatever_order_they_came_in():
    orders = list[list[str]]()
    it = shop(expression=lambda uow: orders.append([each.id for each in uow.correlated]))
    it.collect(event("late", "order-paid", 2), event("first", "order-paid", 1))
    it.pump()
    assert orders == [["first"], ["first", "late"]]


def test_an_event_that_comes_late_counts_at_the_moment_when_it_happened():
    it = shop(within=timedelta(minutes=10))
    it.collect(PACKED)
    it.pump()
    it.collect(event("p9", "order-packed", 60 * MINUTE))
    it.pump()
    it.collect(PAID)
    it.pump()
    (emitted,) = it.published
    assert emitted["timestamp"] == PACKED["timestamp"]


@pytest.mark.parametrize(("minutes", "count"), [(10, 1), (11, 0)])
@pytest.mark.parametrize("reverse", [False, True])
def test_events_count_within_the_time_that_a_rule_gives(minutes, count, reverse):
    events = [PAID, event("p2", "order-packed", minutes * MINUTE)]
    it = shop(within=timedelta(minutes=10))
    for each in reversed(events) if reverse else events:
        it.collect(each)
        it.pump()
    assert len(it.published) == count


@pytest.mark.parametrize(("minutes", "count"), [(10, 1), (11, 0)])
def test_rows_past_their_time_to_live_are_not_counted_though_they_are_still_there(minutes, count):
    brief = rules.Collect(
        id="c", event_type="*", correlation_key="order.id", ttl=timedelta(minutes=10)
    )
    it = shop(collect=[brief])
    it.collect(PAID, event("p2", "order-packed", minutes * MINUTE))
    it.platform.advance(24 * 60 * MINUTE)  # an outage changes nothing
    it.pump()
    assert (len(it.published), len(it.rows("CORREL"))) == (count, 2)


def test_an_expression_may_give_the_events_that_make_it_true():
    it = shop(expression=lambda uow: list(uow.correlated) if both(uow) else None)
    it.collect(PAID, PACKED)
    it.pump()
    assert [each["id"] for each in it.published[0]["triggers"]] == ["p1", "p2"]


def test_emit_may_give_several_events_at_once():
    it = shop(emit=lambda _: [{"type": "a"}, {"type": "b", "tags": {"x": "y"}}, None])
    it.collect(PAID, PACKED)
    it.pump()
    first, second = it.published
    assert (first["type"], second["type"], second["tags"]["x"]) == ("a", "b", "y")
    assert (first["id"].removesuffix(".0")) == second["id"].removesuffix(".1")
    assert len(it.rows("EMIT")) == 1


def test_a_rule_emits_once_for_each_emission_key():
    it = shop(
        expression=lambda _: True,
        emission_key=lambda uow: uow.event.type,
        emit=lambda uow: {"type": "seen", "of": uow.event.type},
    )
    it.collect(PAID, PACKED, event("p3", "order-paid", 2 * MINUTE))
    it.pump()
    assert [each["of"] for each in it.published] == ["order-paid", "order-packed"]


def test_an_emission_is_the_same_whichever_processor_makes_it():
    ids = set[str]()
    for size in (1, 100):
        it = shop()
        it.collect(PAID, PACKED)
        it.pump(size=size)
        ids |= {each["id"] for each in it.published}
    assert len(ids) == 1


def test_emissions_of_the_same_key_by_other_processors_have_other_ids():
    it, other = shop(), shop()
    for each in (it, other):
        each.collect(PAID, PACKED)
    it.pump()
    changes = {"Records": other.memory.stream_records("events")}
    world = replace(other.world, tags={"source": "depot"})
    other.trigger.handle(changes, world)
    other.pump()
    assert it.published[0]["id"] not in {row["event"]["id"] for row in other.rows("EMIT")}


def test_without_an_expression_each_collected_event_is_emitted_for_itself():
    it = shop(expression=None)
    it.collect(PAID, PACKED)
    it.pump()
    assert [each["triggers"][0]["id"] for each in it.published] == ["p1", "p2"]


def test_what_the_filter_refuses_is_no_trigger():
    it = shop(filter=lambda uow: uow.event.id != "p2")
    it.collect(PAID, PACKED)
    it.pump()
    assert it.published == []


def test_more_events_than_a_rule_looks_at_are_a_fault_that_says_what_to_do():
    it = shop(most=3)
    it.collect(*(event(f"e{number}", "order-paid", number) for number in range(4)))
    it.pump()
    assert {each["type"] for each in it.published} == {"fault"}
    assert "give `within`" in it.published[0]["err"]["message"]


def test_events_that_are_too_large_together_are_a_fault_and_do_not_fill_the_memory():
    it = shop()
    for number in range(60):
        at = START + number
        row = {"pk": "17", "sk": f"CORREL#{at:016}#{number}", "timestamp": at, "data": "17"}
        it.put(**row, event=event(f"e{number}", "order-noted", number, text="x" * 390_000))
    it.collect(PAID)
    it.pump()
    assert [each["type"] for each in it.published] == ["fault"]
    assert "16 MB" in it.published[0]["err"]["message"]


def test_events_that_are_older_than_a_rule_looks_at_are_not_read():
    it = shop(most=3, within=timedelta(milliseconds=1))
    for number in range(8):
        it.collect(event(f"e{number}", "order-paid", number))
        it.pump()
    assert it.published == []


def test_a_correlation_of_many_pages_is_read_whole():
    it = shop(expression=lambda uow: len(uow.correlated) == 12)
    for number in range(12):
        it.collect(event(f"e{number:02}", "order-paid", number, text="x" * 200_000))
    it.pump()
    assert len(it.published) == 1
    assert [name for name, _ in it.aws.asked].count("Query") > 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"expression": lambda _: "yes"}, "an expression gives True or False"),
        ({"expression": lambda _: {"id": "x"}}, "let `emit` make what is published"),
        ({"emit": lambda _: "x"}, "emit must give an event"),
        ({"emit": lambda _: {}}, "emit must give the `type`"),
        ({"emission_key": lambda _: None}, "emission_key must give a text"),
    ],
)
def test_a_function_that_gives_something_else_is_a_fault_that_says_what_it_should(options, words):
    it = shop(**options)
    it.collect(PAID, PACKED)
    it.pump()
    assert {each["type"] for each in it.published} == {"fault"}
    assert words in it.published[0]["err"]["message"]


def test_an_entity_of_the_users_that_is_called_event_is_none_of_the_stores():
    it = shop(expression=None)
    item = {"pk": {"S": "a"}, "sk": {"S": "thing"}, "discriminator": {"S": "EVENT"}}
    it.memory.call("dynamodb", "PutItem", {"TableName": "events", "Item": item})
    it.pump()
    assert it.published == []


def test_a_failing_expression_is_a_fault_of_its_own_key_alone():
    it = shop(expression=lambda uow: uow.key == "18" or 1 / 0)
    it.collect(PAID, event("p8", "order-paid", order={"id": "18"}))
    it.pump()
    assert sorted(each["type"] for each in it.published) == ["fault", "order-ready"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ready(expression=None, suffix="x"), "suffix needs an expression"),
        (lambda: ready(expression=None, within=timedelta(1)), "within needs an expression"),
        (lambda: ready(emit=None), "emit must be a name or a function of a unit of work, got None"),
        (lambda: ready(expresion=both), "no option 'expresion'; did you mean 'expression'?"),
        (
            lambda: rules.Collect(id="c", event_type="*", suffix="x"),
            "suffix needs a correlation_key",
        ),
    ],
)
def test_a_rule_with_a_wrong_option_says_so(make, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        make()


# --- correlate --------------------------------------------------------------------------------


def test_an_event_is_correlated_under_as_many_keys_as_a_rule_gives():
    by_item = rules.Correlate(
        id="k", event_type="order-*", correlation_key=lambda uow: uow.event["items"], suffix="item"
    )
    it = shop(by_item, suffix="item")
    it.collect(PAID | {"items": ["x", "y", "x"]}, PACKED | {"items": ["y", "z"]})
    it.pump()
    assert [each["partitionKey"] for each in it.published] == ["y"]
    keys = sorted(row["pk"] for row in it.rows("CORREL"))
    assert keys == ["17", "17", "x.item", "y.item", "y.item", "z.item"]


def test_a_rule_without_suffix_does_not_see_correlations_that_have_one():
    apart = rules.Collect(id="c", event_type="*", correlation_key="order.id", suffix="x")
    it = shop(collect=[apart])
    it.collect(PAID, PACKED)
    it.pump()
    assert it.published == []


def test_a_correlation_lives_as_long_as_its_event_unless_said_otherwise():
    it = Shop(
        rules.Correlate(id="a", event_type="*", correlation_key="id", suffix="a"),
        rules.Correlate(
            id="b", event_type="*", correlation_key="id", suffix="b", ttl=timedelta(days=2)
        ),
        collect=[rules.Collect(id="c", event_type="*", ttl=timedelta(days=1))],
    )
    it.collect(PAID)
    it.pump()
    assert [row["ttl"] - START // 1000 for row in it.rows("CORREL")] == [86_400, 172_800]


# --- outbox -----------------------------------------------------------------------------------


def test_what_a_transaction_of_ones_own_has_stored_is_published():
    it = Shop(rules.Outbox(id="shop"))
    it.put(**outbox_item("shop", "17", [PAID, PACKED]))
    it.put(**outbox_item("other", "17", [PAID]))
    it.pump()
    assert [each["id"] for each in it.published] == ["p1", "p2"]


def test_an_outbox_item_without_what_an_event_has_is_refused():
    with pytest.raises(ValueError, match=r"one lacks \['timestamp', 'partitionKey'\]"):
        outbox_item("shop", "17", [{"id": "a", "type": "b"}])
    with pytest.raises(ValueError, match="needs at least one event"):
        outbox_item("shop", "17", [])


def test_an_outbox_takes_its_own_items_whatever_their_types():
    with pytest.raises(ValueError, match="an item's rule decides"):
        rules.Outbox(id="shop", event_type="order-*")


# --- expired ----------------------------------------------------------------------------------


def telling(*, expire: bool | str = True) -> rules.Collect:
    return rules.Collect(
        id="c",
        event_type="order-paid",
        correlation_key="order.id",
        ttl=timedelta(minutes=10),
        expire=expire,
    )


PLAIN = rules.Collect(id="d", event_type="order-packed", correlation_key="order.id")


def test_what_dynamodb_removes_becomes_an_event_at_the_moment_when_its_time_was_up():
    it = Shop(rules.Expired(id="late"), collect=[telling()])
    it.collect(PAID)
    it.expire(it.rows("CORREL")[0])
    it.expire(it.rows("EVENT")[0])
    (expired,) = it.published
    assert (expired["type"], expired["timestamp"]) == ("order-paid-expired", START + 10 * MINUTE)
    assert (expired["partitionKey"], expired["order"]) == ("17", {"id": "17"})
    assert expired["triggers"] == [{"id": "p1", "type": "order-paid", "timestamp": START}]


def test_an_expiry_has_the_type_that_the_rule_gives():
    it = Shop(rules.Expired(id="late"), collect=[telling(expire="order-late")])
    it.collect(PAID)
    it.expire(it.rows("CORREL")[0])
    assert [each["type"] for each in it.published] == ["order-late"]


def test_what_somebody_removes_has_not_expired():
    it = Shop(rules.Expired(id="late"), collect=[telling()])
    it.collect(PAID)
    for row in it.rows("CORREL"):
        key = {"pk": {"S": row["pk"]}, "sk": {"S": row["sk"]}}
        it.memory.call("dynamodb", "DeleteItem", {"TableName": "events", "Key": key})
    it.pump()
    assert it.published == []


def test_a_row_that_expires_twice_is_told_of_by_the_same_event():
    it = Shop(rules.Expired(id="late"), collect=[telling()])
    for _ in range(2):
        it.collect(PAID)
        it.expire(it.rows("CORREL")[0])
    assert len(it.published) == 2
    assert len(it.emitted("order-paid-expired")) == 1


def test_nothing_expires_for_a_key_for_which_a_rule_has_emitted():
    rule = ready()
    it = Shop(rule, rules.Expired(id="late", instead_of=rule), collect=[telling(), PLAIN])
    it.collect(PAID, PACKED)
    it.expire(it.rows("CORREL")[0])
    assert [each["type"] for each in it.published] == ["order-ready"]


def test_a_rule_emits_nothing_for_a_key_of_which_the_expiry_was_told():
    rule = ready()
    it = Shop(rule, rules.Expired(id="late", instead_of=rule), collect=[telling(), PLAIN])
    it.collect(PAID)
    it.expire(it.rows("CORREL")[0])
    it.collect(PAID, PACKED)  # the one again, the other at last
    it.pump()
    assert [each["type"] for each in it.published] == ["order-paid-expired"]


def test_an_expiry_runs_only_against_a_rule_that_evaluates():
    with pytest.raises(ValueError, match="instead_of must be a rule that is an Evaluate, got 're"):
        rules.Expired(id="late", instead_of="ready")  # pyright: ignore[reportArgumentType]
