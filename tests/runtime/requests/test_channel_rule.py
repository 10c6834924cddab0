"""Who may hear which channel: as the author's rule says, and nobody when it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cdk_streamer_runtime import ActionFailed, AsyncApp, Caller, ErrorCode
from cdk_streamer_runtime.memory.api import TABLE
from tests.runtime.api import ANN, BOB, EVE, ObservedApi

SECRET = "the password is swordfish"


def new_api(rule: Callable[[Caller, str], bool] | None = None) -> ObservedApi:
    app = AsyncApp()
    app.action("report", mode="async")(lambda: None)
    if rule is not None:
        app.channel_rule(rule)
    return ObservedApi(app)


def answer(api: ObservedApi, caller: Caller, action: str = "subscribe", **payload: Any) -> Any:
    (message,) = api.ask(api.connect(caller), {"action": action, "id": "q", "payload": payload})
    return message["error"]["code"] if "error" in message else message["type"]


def own_channel(caller: Caller, channel: str) -> bool:
    return channel == f"user-{caller.owner}" or "admin" in caller.scopes


def test_without_a_rule_every_caller_of_the_tenant_hears_its_channels():
    api = new_api()

    assert [answer(api, caller, channel="nightly") for caller in (ANN, BOB)] == ["response"] * 2


@pytest.mark.parametrize(
    ("caller", "expected"),
    [
        (ANN, "response"),
        (BOB, "FORBIDDEN"),
        (replace(BOB, scopes=frozenset({"admin"})), "response"),
    ],
)
def test_the_rule_decides_by_caller_and_name(caller: Caller, expected: str):
    assert answer(new_api(own_channel), caller, channel="user-ann") == expected


def test_the_rule_gives_nobody_the_channels_of_another_tenant():
    api = new_api(lambda _caller, _channel: True)
    answer(api, ANN, channel="nightly")
    answer(api, EVE, channel="nightly")

    items = [item for item in api.aws.items(TABLE.name) if item["sk"] == {"S": "channel"}]
    assert {item["tenant"]["S"]: len(item["subs"]["M"]) for item in items} == {"acme": 1, "evil": 1}


def test_who_is_refused_leaves_no_trace():
    api = new_api(own_channel)
    answer(api, BOB, channel="user-ann")

    assert api.aws.items(TABLE.name) == []
    assert api.observed.counts == {"POST": 1}


def test_the_rule_is_not_asked_about_requests():
    asked: list[str] = []
    api = new_api(lambda _caller, channel: bool(asked.append(channel)))
    api.ask(api.connect(ANN), {"action": "report", "id": "r1"})

    assert answer(api, ANN, request_id="r1") == "response"
    assert asked == []


def test_the_rule_is_not_asked_about_leaving():
    assert answer(new_api(own_channel), BOB, "unsubscribe", channel="user-ann") == "response"


def test_the_rule_sees_only_names_that_a_channel_may_have():
    asked: list[str] = []
    api = new_api(lambda _caller, channel: bool(asked.append(channel)))

    assert answer(api, ANN, channel="a\nb") == "VALIDATION_ERROR"
    assert asked == []


def test_a_rule_that_fails_lets_nobody_in_and_tells_nothing():
    def fails(caller: Caller, channel: str) -> bool:
        raise RuntimeError(SECRET)

    api = new_api(fails)
    (message,) = api.ask(
        api.connect(ANN), {"action": "subscribe", "id": "q", "payload": {"channel": "nightly"}}
    )

    assert (message["request_id"], message["error"]["code"]) == ("q", "PROCESSING_FAILED")
    assert SECRET not in str(message)
    assert api.aws.items(TABLE.name) == []


def test_a_rule_may_say_why():
    def fails(caller: Caller, channel: str) -> bool:
        raise ActionFailed("buy a seat first", code=ErrorCode.FORBIDDEN)

    api = new_api(fails)
    (message,) = api.ask(
        api.connect(ANN), {"action": "subscribe", "payload": {"channel": "nightly"}}
    )

    assert message["error"]["message"] == "buy a seat first"


@pytest.mark.parametrize("value", [None, 1, 0, "yes", [], {"allowed": False}])
def test_what_is_neither_yes_nor_no_lets_nobody_in(value: Any):
    assert answer(new_api(lambda _caller, _channel: value), ANN, channel="a") == "PROCESSING_FAILED"


def test_an_app_has_one_rule():
    app = AsyncApp()
    app.channel_rule(own_channel)

    with pytest.raises(ValueError, match="one channel rule"):
        app.channel_rule(own_channel)


def test_a_rule_that_could_not_be_called_is_refused():
    with pytest.raises(TypeError, match="must take a caller and a channel's name"):
        AsyncApp().channel_rule(lambda _channel: True)  # type: ignore[arg-type, misc]


def test_an_async_rule_is_refused():
    async def rule(caller: Caller, channel: str) -> bool:
        return True

    with pytest.raises(TypeError, match="'rule' must be a plain function; leave out async"):
        AsyncApp().channel_rule(rule)  # type: ignore[type-var]


def test_the_rule_is_still_the_function_that_it_was():
    assert AsyncApp().channel_rule(own_channel) is own_channel
