"""Whatever order, however often, whatever breaks off: one emission, and always the same one."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, given, settings, strategies as st

from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.streams import rules
from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.store.evaluation import Correlated, moments
from cdk_streamer_runtime.streams.store.keys import correlation_key
from tests.runtime.streams.store.shop import Shop, event

some = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
KINDS = ("order-paid", "order-packed", "order-noted")
CALLS = st.frozensets(st.integers(1, 40), max_size=6)
WITHIN = timedelta(milliseconds=5)
EVENTS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 12)), min_size=1, max_size=6
).map(lambda them: [event(f"e{n}", kind, at) for n, (kind, at) in enumerate(them)])


def both(uow) -> bool:
    return {"order-paid", "order-packed"} <= {each.type for each in uow.correlated}


def shop() -> Shop:
    ready = rules.Evaluate(
        id="ready",
        event_type=["order-paid", "order-packed"],
        expression=both,
        within=WITHIN,
        emit=lambda uow: {"type": "order-ready", "at": uow.event.timestamp},
    )
    return Shop(ready, collect=[rules.Collect(id="c", event_type="*", correlation_key="order.id")])


def in_time(events) -> list[int]:
    """Give when it is ready, by a loop over all that is known in the end."""
    units = WITHIN // timedelta(milliseconds=1)
    ordered = sorted(events, key=lambda each: (each["timestamp"], each["id"]))
    found: list[int] = []
    for index, last in enumerate(ordered):
        known = [e for e in ordered[: index + 1] if last["timestamp"] - e["timestamp"] <= units]
        kinds = {each["type"] for each in known}
        if last["type"] != "order-noted" and {"order-paid", "order-packed"} <= kinds:
            found.append(last["timestamp"])
    return found


@some
@given(events=EVENTS, data=st.data(), before=CALLS, after=CALLS, throttled=CALLS)
def test_what_is_emitted_is_emitted_once_and_published_as_the_same_event(
    events, data, before, after, throttled
):
    it = shop()
    it.aws.before, it.aws.after, it.aws.throttled = before, after, throttled
    arrivals = data.draw(st.permutations(events + events[:3]))
    size = data.draw(st.integers(1, 10))
    for each in arrivals:
        it.collect(each)
        if data.draw(st.booleans()):
            it.pump(size=size)
    it.pump(size=size)
    expected = in_time(events)
    assert len(it.rows("EMIT")) == len({each["id"] for each in it.published}) == bool(expected)
    assert {each["at"] for each in it.published} <= set(expected)


@some
@given(events=EVENTS, data=st.data())
def test_all_that_come_in_one_batch_emit_what_they_would_have_in_the_order_of_time(events, data):
    it = shop()
    it.collect(*data.draw(st.permutations(events)))
    it.pump()
    assert [each["at"] for each in it.published] == in_time(events)[:1]


@some
@given(events=EVENTS, data=st.data(), before=CALLS, after=CALLS)
def test_a_key_is_either_emitted_or_told_to_be_expired(events, data, before, after):
    ready = rules.Evaluate(id="ready", event_type="order-*", expression=both, emit="order-ready")
    telling = rules.Collect(
        id="c",
        event_type="*",
        correlation_key="order.id",
        ttl=timedelta(seconds=1),
        expire="order-late",
    )
    it = Shop(ready, rules.Expired(id="late", instead_of=ready), collect=[telling])
    it.aws.before, it.aws.after = before, after
    for each in data.draw(st.permutations(events)):
        it.collect(each)
        rows = it.rows("CORREL")
        if rows and data.draw(st.booleans()):
            it.expire(data.draw(st.sampled_from(rows)))
    for row in it.rows("CORREL"):
        it.expire(row)
    assert len({each["id"] for each in it.published}) == 1


@some
@given(times=st.lists(st.integers(0, 10**15), unique=True, min_size=1, max_size=8), data=st.data())
def test_places_of_correlated_events_are_in_the_order_of_time(times, data):
    places = [correlation_key("k", None, time, "id")["sk"] for time in times]
    assert [time for _, time in sorted(zip(places, times, strict=True))] == sorted(times)
    first = data.draw(st.sampled_from(places))
    correlated = [
        Correlated(place, Event(id="i", type="t", timestamp=time), None, None)
        for place, time in sorted(zip(places, times, strict=True))
    ]
    seen = [moment.event.timestamp for moment in moments(correlated, first, None)]
    assert seen == sorted(time for time, place in zip(times, places, strict=True) if place >= first)


def test_an_event_counts_up_to_the_last_millisecond_of_its_time():
    old = Correlated("a", Event(id="a", type="t", timestamp=START), START + 5, None)
    last = [
        Correlated("b", Event(id="b", type="t", timestamp=START + n), None, None) for n in (5, 6)
    ]
    seen = [len(next(moments([old, each], "b", None)).events) for each in last]
    assert seen == [2, 1]
