"""The registry: what it takes, what could never work, and what it does not fit into."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cdk_streamer_runtime import AsyncApp, Progress, Retry
from cdk_streamer_runtime.contract import (
    MAX_EXPIRES_SECONDS,
    MESSAGE_BYTES,
    RESERVED_ACTIONS,
    BuiltinAction,
)
from cdk_streamer_runtime.errors import Rejection
from cdk_streamer_runtime.requests.inputs import InvalidInput
from cdk_streamer_runtime.requests.retry import CRASHES_ONLY


@pytest.fixture
def app() -> AsyncApp:
    return AsyncApp()


def nothing() -> None: ...


def reporting(payload: Any, progress: Progress) -> None: ...


def registered(app: AsyncApp, name: str = "job", handler: Any = nothing, **options: Any) -> None:
    app.action(name, **options)(handler)


# --- registering ----------------------------------------------------------------------------------


def test_a_handler_stays_what_it_is(app: AsyncApp):
    assert app.action("job")(nothing) is nothing


def test_an_action_is_found_by_its_name(app: AsyncApp):
    registered(app)

    assert app.find("job").handler is nothing
    assert list(app.actions) == ["job"]


def test_one_handler_may_serve_several_actions(app: AsyncApp):
    app.action("one")(app.action("two")(nothing))

    assert list(app.actions) == ["two", "one"]


@pytest.mark.parametrize("name", ["a", "orders.read", "Orders/read:v1_2-x", "0", "a" * 64])
def test_these_name_an_action(app: AsyncApp, name: str):
    registered(app, name)

    assert app.find(name).name == name


@pytest.mark.parametrize("name", ["", "a b", "ä", "a" * 65, "a\n", "a,b", "$default"])
def test_these_name_no_action(app: AsyncApp, name: str):
    with pytest.raises(ValueError, match=re.escape(f"got {name!r}")):
        registered(app, name)


def test_the_protocol_has_these_actions_of_its_own():
    assert {*BuiltinAction, "input", "upload"} == RESERVED_ACTIONS


@pytest.mark.parametrize("name", sorted(RESERVED_ACTIONS))
def test_the_protocols_own_actions_are_taken(app: AsyncApp, name: str):
    with pytest.raises(ValueError, match="the protocol's own"):
        registered(app, name)


def test_an_action_is_registered_once(app: AsyncApp):
    registered(app)

    with pytest.raises(ValueError, match="'job' is registered twice"):
        registered(app)


@pytest.mark.parametrize("mode", ["Async", "", None, "either"])
def test_a_mode_that_does_not_exist_is_refused(app: AsyncApp, mode: Any):
    with pytest.raises(ValueError, match="mode of action 'job'"):
        registered(app, mode=mode)


@pytest.mark.parametrize("timeout", [0, -1])
def test_no_action_has_less_than_a_second(app: AsyncApp, timeout: int):
    with pytest.raises(ValueError, match="at least 1 s"):
        registered(app, timeout=timeout)


@pytest.mark.parametrize("expires", [0, -1, MAX_EXPIRES_SECONDS + 1])
def test_waiting_has_bounds(app: AsyncApp, expires: int):
    with pytest.raises(ValueError, match="expires of action 'job'"):
        registered(app, mode="async", expires=expires)


def test_a_sync_action_must_end_before_api_gateway_gives_up(app: AsyncApp):
    registered(app, "short", timeout=25)

    with pytest.raises(ValueError, match=r'25 s at most; use mode="async"'):
        registered(app, timeout=26)


def test_a_sync_action_has_nobody_to_report_to(app: AsyncApp):
    with pytest.raises(ValueError, match="reports progress"):
        registered(app, handler=reporting)


def test_an_action_of_both_modes_may_report(app: AsyncApp):
    registered(app, handler=reporting, mode=lambda _payload: "sync")

    assert app.find("job").parameters == ("payload", "progress")


def test_scopes_are_several_texts_and_not_one(app: AsyncApp):
    with pytest.raises(TypeError, match=r'scopes=\["write"\]'):
        registered(app, scopes="write")


def test_an_input_that_could_check_nothing_is_refused(app: AsyncApp):
    with pytest.raises(TypeError):
        registered(app, input=5)


def test_by_default_only_crashes_are_tried_again(app: AsyncApp):
    registered(app, mode="async")

    assert app.find("job").retry is CRASHES_ONLY


@pytest.mark.parametrize("limit", [0, -1, MESSAGE_BYTES + 1])
def test_the_limit_of_a_message_has_bounds(limit: int):
    with pytest.raises(ValueError, match=f"got {limit}"):
        AsyncApp(max_message_bytes=limit)


# --- asking ---------------------------------------------------------------------------------------


def test_an_unknown_action_is_a_rejection(app: AsyncApp):
    with pytest.raises(Rejection, match="there is no action 'job'"):
        app.find("job")


@pytest.mark.parametrize("mode", ["Async", None, 5])
def test_a_rule_that_gives_no_mode_is_a_mistake(app: AsyncApp, mode: Any):
    registered(app, mode=lambda _payload: mode)

    with pytest.raises(ValueError, match="the rule of action 'job'"):
        app.find("job").mode_for({}, None)


def test_a_payload_is_checked_by_what_the_action_declares(app: AsyncApp):
    registered(app, handler=lambda payload: payload, input=dict[str, int])
    app.validate(app.find("job"), {"a": 1})

    with pytest.raises(InvalidInput):
        app.validate(app.find("job"), {"a": "one"})


def test_without_a_declaration_any_payload_is_right(app: AsyncApp):
    registered(app, handler=lambda payload: payload)

    for payload in (None, 5, "text", [], {"a": {}}):
        app.validate(app.find("job"), payload)


# --- deploying ------------------------------------------------------------------------------------


def test_an_app_without_async_actions_fits_everywhere(app: AsyncApp):
    registered(app, timeout=25)

    app.check(worker_timeout=10, accepts_requests=False)


def test_async_actions_need_what_runs_them(app: AsyncApp):
    registered(app, "one", mode="async")
    registered(app, "two", mode=lambda _payload: "sync")
    registered(app, "three")

    with pytest.raises(ValueError, match=r"'one' is async.*; action 'two' is async") as caught:
        app.check(worker_timeout=900, accepts_requests=False)
    assert "three" not in str(caught.value)


def test_no_action_may_take_longer_than_its_worker(app: AsyncApp):
    registered(app, "short", mode="async", timeout=60)
    registered(app, "long", mode="async", timeout=61)
    registered(app, "any", mode="async")

    with pytest.raises(ValueError, match="'long' has a timeout of 61 s") as caught:
        app.check(worker_timeout=60, accepts_requests=True)
    assert "short" not in str(caught.value)


def test_every_fault_of_an_app_is_told_at_once(app: AsyncApp):
    for name in ("one", "two"):
        registered(app, name, mode="async", timeout=61, retry=Retry())

    with pytest.raises(ValueError, match=r"'one'.*; .*'two'"):
        app.check(worker_timeout=60, accepts_requests=True)


def test_a_client_may_know_every_action(app: AsyncApp):
    registered(app, "one", handler=lambda payload: payload, input=dict[str, int])
    registered(app, "two", mode="async", scopes=["write"])
    one, two = app.describe()

    assert (one["name"], one["mode"], two) == (
        "one",
        "sync",
        {"name": "two", "mode": "async", "input": {}},
    )
