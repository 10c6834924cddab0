"""The unit of work: an immutable scope that each step extends."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.place import NOWHERE
from cdk_streamer_runtime.streams.uow import UnitOfWork, unit_of_work

RECORD = {"data": 1}
EVENT = Event(id="one", type="thing-created", timestamp=1, partitionKey="k")
names = st.text("abcdefg", min_size=1, max_size=3).filter(lambda name: name != "get")


@pytest.fixture
def uow():
    return unit_of_work(RECORD, EVENT, NOWHERE)


def test_a_step_extends_it(uow):
    extended = uow.extend(key="k").extend(update_request={"a": 1}, update_response={})
    assert (extended.record, extended.event, extended.place) == (RECORD, EVENT, NOWHERE)
    assert (extended.key, extended.update_request) == ("k", {"a": 1})
    assert extended.scope == {"key": "k", "update_request": {"a": 1}, "update_response": {}}


@given(st.lists(st.dictionaries(names, st.integers(), max_size=3), max_size=5))
def test_forks_never_see_each_others_changes(steps):
    uow = unit_of_work(RECORD, EVENT, NOWHERE).extend(before=0)
    forks = [uow.extend(**step) for step in steps]
    assert [fork.scope for fork in forks] == [{"before": 0, **step} for step in steps]
    assert uow.scope == {"before": 0}


@given(st.lists(st.dictionaries(names, st.integers(), max_size=3), max_size=5))
def test_the_last_step_wins(steps):
    uow, known = unit_of_work(RECORD, EVENT, NOWHERE), {}
    for step in steps:
        uow, known = uow.extend(**step), {**known, **step}
    assert uow.scope == known
    assert {name: getattr(uow, name) for name in known} == known


def test_another_event_can_take_the_place_of_the_first(uow):
    other = Event({**EVENT, "type": "thing-checked"})
    assert uow.extend(event=other, key="k").event is other
    assert uow.event is EVENT


@pytest.mark.parametrize(
    "name", ["record", "place", "scope", "batch", "get", "extend", "count", "index"]
)
def test_no_step_takes_a_name_that_it_has_of_its_own(uow, name):
    with pytest.raises(TypeError, match="of its own; use another name"):
        uow.extend(**{name: 1})


@pytest.mark.parametrize("name", ["record", "event", "key", "anything"])
def test_nothing_can_be_set(uow, name):
    with pytest.raises(AttributeError):
        setattr(uow, name, 1)


def test_its_scope_cannot_be_changed(uow):
    for each in (uow, uow.extend(key="k")):
        with pytest.raises(TypeError):
            each.scope["key"] = "other"


def test_what_no_step_has_set_is_told_with_what_there_is(uow):
    with pytest.raises(AttributeError, match=r"no step has set 'keys' .* it has \['key'\]"):
        _ = uow.extend(key="k").keys


def test_what_may_be_absent_can_be_asked_for(uow):
    assert uow.get("update_request") is None
    assert uow.extend(update_request=5).get("update_request") == 5


def test_two_of_them_are_equal_only_if_they_are_the_same(uow):
    twin = unit_of_work(RECORD, EVENT, NOWHERE)
    assert uow == uow  # noqa: PLR0124 - that is the question
    assert uow != twin
    assert len({uow, twin, uow}) == 2


def test_there_is_always_a_unit_of_work_though_it_has_nothing(uow):
    assert uow
    assert isinstance(uow, UnitOfWork)


def test_an_event_can_be_replaced_by_an_event_alone(uow):
    with pytest.raises(TypeError, match="an event has a type and a partition key, got dict"):
        uow.extend(event={"type": "thing-created"})
