"""The router: the same pipelines as asking each of them, but not at the cost of it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.pipelines.pipeline import Pipeline
from cdk_streamer_runtime.streams.routing import router
from cdk_streamer_runtime.streams.routing.patterns import event_types
from cdk_streamer_runtime.streams.routing.router import Router


def flat(values: list[object]) -> list[object]:
    return [each for value in values for each in (value if isinstance(value, list) else [value])]


few = settings(max_examples=50, deadline=None)
entities = st.sampled_from(["thing", "thin", "order", "th.ng"])
actions = st.sampled_from(["created", "updated", "deleted"])
types = st.builds("{}-{}".format, entities, actions)
options = st.recursive(
    st.one_of(
        types,
        st.sampled_from(["thing-*", "*-created", "t*g-*", "*", "th.*"]),
        st.sampled_from(["thing", "^thing-", "(created|updated)$", "th.ng"]).map(re.compile),
        st.sampled_from(["thing", "order"]).map(lambda name: lambda text: text.startswith(name)),
    ),
    lambda option: st.lists(option, min_size=1, max_size=3).map(flat),
    max_leaves=4,
)


def pipeline(name: str, option: object = None, *, own: bool = False) -> Pipeline:
    return Pipeline(id=name, types=event_types(option), steps=(), own=own)  # type: ignore[arg-type]


def event(event_type: str, **tags: object) -> Event:
    return Event(id="1", type=event_type, timestamp=1, partitionKey="k", tags=tags)


def takes(option: object, event_type: str) -> bool:
    match option:
        case str():
            return bool(re.fullmatch(".*".join(map(re.escape, option.split("*"))), event_type))
        case re.Pattern():
            return option.search(event_type) is not None
        case list():
            return any(takes(each, event_type) for each in option)
        case _:
            return option(event_type)  # type: ignore[operator]


@few
@given(st.lists(options, max_size=6), st.lists(types, max_size=8))
def test_an_event_goes_into_the_pipelines_that_would_say_yes_in_their_order(several, asked):
    pipelines = [pipeline(f"p{number}", option) for number, option in enumerate(several)]
    routes = Router(pipelines)

    found = [routes.route(each) for each in asked]

    expected = [
        tuple(each for each, option in zip(pipelines, several, strict=True) if takes(option, name))
        for name in asked
    ]
    assert found == expected


@few
@given(options, types)
def test_a_pipelines_own_answer_is_the_routers(option, event_type):
    assert event_types(option).match(event_type) == takes(option, event_type)


def test_a_function_is_asked_once_for_a_type():
    asked: list[str] = []
    routes = Router([pipeline("one", lambda name: not asked.append(name))])
    for _ in range(3):
        routes.route("thing-created")
    assert asked == ["thing-created"]


def test_what_is_remembered_of_types_is_bounded(monkeypatch):
    monkeypatch.setattr(router, "REMEMBERED_TYPES", 3)
    asked: list[str] = []
    routes = Router([pipeline("one", lambda name: not asked.append(name))])
    for name in ("a", "b", "c", "d", "a"):
        assert len(routes.route(name)) == 1
    assert asked == ["a", "b", "c", "d", "a"]


def test_an_event_with_the_tag_skip_is_nobodys():
    routes = Router([pipeline("one", "thing-created")])
    assert routes.route_event(event("thing-created", skip=True)) == ()
    assert len(routes.route_event(event("thing-created", skip=False))) == 1


def test_what_a_processor_emitted_itself_is_only_for_those_that_ask_for_it():
    other, own = pipeline("other"), pipeline("own", own=True)
    routes = Router([other, own], source="orders")
    assert routes.route_event(event("thing-created", source="orders")) == (own,)
    assert routes.route_event(event("thing-created", source="things")) == (other, own)
    assert routes.route_event(event("thing-created")) == (other, own)


def test_without_a_name_of_its_own_nothing_is_its_own():
    one = pipeline("one")
    assert Router([one]).route_event(event("thing-created", source="")) == (one,)


def test_an_event_without_tags_is_routed():
    one = pipeline("one")
    assert Router([one]).route_event(Event(type="thing-created")) == (one,)


@pytest.mark.parametrize(
    ("option", "error", "text"),
    [
        ([], ValueError, "got an empty list; '\\*' is any"),
        ("", ValueError, "must be a type like 'thing-created', got ''"),
        (" thing", ValueError, "got ' thing'"),
        (7, TypeError, "must be a text, a compiled expression, a function .* got 7"),
        (["thing-created", None], TypeError, "got None"),
        (re.compile(b"thing"), TypeError, "must be an expression of text"),
    ],
)
def test_what_is_no_type_is_refused(option, error, text):
    with pytest.raises(error, match=text):
        event_types(option)


def test_types_are_known_by_what_they_were_said_with():
    found = event_types(["a-b", "a-*", re.compile("x"), "a-b"])
    assert (found.exact, found.wildcards, found.any) == (("a-b",), ("a-*",), False)
    assert [each.pattern for each in found.regexes()] == [r"\Aa\-.*\Z", "x"]
