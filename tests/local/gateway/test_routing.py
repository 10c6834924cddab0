"""Which route a message takes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_local.gateway.apis import Route
from cdk_streamer_local.gateway.routing import route_key, route_of

CHAT = '{"service": "chat", "action": "join", "data": {"room": "room1234", "tags": ["a", "b"]}}'
ACTION = "$request.body.action"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def routes(*keys: str) -> dict[str, Route]:
    return {key: Route(key=key) for key in keys}


@pytest.mark.parametrize(
    ("selection", "key"),
    [
        # the table of https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-routes.html
        ("$request.body.action", "join"),
        ("${request.body.action}", "join"),
        ("${request.body.service}/${request.body.action}", "chat/join"),
        ("${request.body.action}-${request.body.invalidPath}", None),
        ("action", "action"),
        ("$request.body.data.room", "room1234"),
        ("$request.body.data.tags", "[a, b]"),
        ("$request.body.data.tags[1]", "b"),
        ("$request.body.data.tags[2]", None),
        ("$request.body['action']", "join"),
        ("$request.body.action.deeper", None),
    ],
)
def test_a_selection_is_evaluated_as_documented(selection: str, key: str | None):
    assert route_key(selection, CHAT) == key


@pytest.mark.parametrize(
    ("value", "key"), [(1, "1"), (1.5, "1.5"), (True, "true"), ("", ""), (None, None)]
)
def test_a_value_that_is_no_text_is_written_as_one(value: object, key: str | None):
    assert route_key(ACTION, json.dumps({"action": value})) == key


@pytest.mark.parametrize(
    "message", ["", "hello", "{", "[1]", "3", "null", '"action"', "[" * 10_000]
)
def test_a_message_that_has_no_such_member_takes_the_default(message: str):
    assert route_of(routes("hello", "$default"), ACTION, message) == Route(key="$default")


def test_a_message_without_a_route_takes_none():
    assert route_of(routes("leave"), ACTION, CHAT) is None


@pytest.mark.parametrize("reserved", ["$connect", "$disconnect"])
def test_no_message_takes_a_route_that_is_not_for_messages(reserved: str):
    message = json.dumps({"action": reserved})

    assert route_of(routes(reserved, "$default"), ACTION, message) == Route(key="$default")
    assert route_of(routes(reserved), ACTION, message) is None


def test_a_message_may_name_the_default():
    assert route_of(routes("$default"), ACTION, '{"action": "$default"}') == Route(key="$default")


def test_keys_are_compared_exactly():
    assert route_of(routes("Join", "$default"), ACTION, CHAT) == Route(key="$default")


@given(text=st.text())
def test_a_text_member_is_its_own_key(text: str):
    assert route_key(ACTION, json.dumps({"action": text})) == text


@given(value=json_values, selection=st.text(max_size=30))
def test_every_message_and_selection_has_an_answer(value: object, selection: str):
    for expression in (selection, f"$request.body.{selection}", f"${{request.body.{selection}}}"):
        assert isinstance(route_key(expression, json.dumps(value)), str | None)
