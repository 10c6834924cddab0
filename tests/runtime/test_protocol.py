"""The protocol's own actions, with good and bad arguments, for the owner and for others."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from cdk_streamer_runtime import AsyncApp
from cdk_streamer_runtime.assembly import Assembly
from cdk_streamer_runtime.contract import (
    PROTOCOL,
    SUBSCRIBERS_PER_CHANNEL,
    MessageEnvironment,
    State,
)
from cdk_streamer_runtime.conversation import Conversation
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.api import ENDPOINT, TABLE, CountedMetrics
from cdk_streamer_runtime.memory.platform import START, MemoryPlatform
from cdk_streamer_runtime.sockets.connections import Connection
from tests.runtime.api import ANN, BOB, DAY, EVE, ObservedApi
from tests.runtime.observed_aws import after
from tests.runtime.wire import faults

SEED_ID = "report-1"


@pytest.fixture
def api() -> ObservedApi:
    app = AsyncApp()

    @app.action("report", mode="async")
    def report(payload: Any) -> Any:
        return payload

    @app.action("echo", input=dict[str, int])
    def echo(payload: Any) -> Any:
        return payload

    return ObservedApi(app)


@pytest.fixture
def ann(api: ObservedApi) -> Connection:
    connection = api.connect(ANN)
    api.hear(connection, {"action": "report", "id": SEED_ID, "payload": {"month": 11}})
    return connection


def asked(
    api: ObservedApi, connection: Connection, action: str, **payload: object
) -> dict[str, Any]:
    (answer,) = api.ask(connection, {"action": action, "id": "q", "payload": payload})
    assert faults(answer) == []
    return answer


# --- hello and ping -------------------------------------------------------------------------------


def test_hello_names_the_protocol_and_the_connection(api: ObservedApi, ann: Connection):
    hello = asked(api, ann, "hello")

    assert hello["type"] == "hello"
    assert hello["protocol"] == PROTOCOL
    assert hello["connection_id"] == ann.id


def test_hello_pings_more_than_once_in_an_idle_timeout(api: ObservedApi, ann: Connection):
    assert asked(api, ann, "hello")["heartbeat_seconds"] <= 600 / 2


def test_hello_tells_when_the_token_ends(api: ObservedApi, ann: Connection):
    assert asked(api, ann, "hello")["expires_at"] == "2023-11-15T22:13:20.000Z"


def test_hello_is_silent_about_actions_unless_asked(api: ObservedApi, ann: Connection):
    assert "actions" not in asked(api, ann, "hello")


def test_hello_describes_the_actions_to_whoever_asks(api: ObservedApi, ann: Connection):
    actions = asked(api, ann, "hello", actions=True)["actions"]

    assert [(action["name"], action["mode"]) for action in actions] == [
        ("report", "async"),
        ("echo", "sync"),
    ]
    assert actions[1]["input"]["type"] == "object"


def test_hello_tells_the_limit_that_the_app_was_given():
    api = ObservedApi(AsyncApp(max_message_bytes=2_000))

    assert asked(api, api.connect(ANN), "hello")["limits"]["message_bytes"] == 2_000


def test_ping_is_answered_by_pong_with_its_id(api: ObservedApi, ann: Connection):
    assert asked(api, ann, "ping") == {
        "type": "pong",
        "id": "q",
        "timestamp": "2023-11-14T22:13:20.000Z",
    }


def test_a_ping_without_id_has_a_pong_without_id(api: ObservedApi, ann: Connection):
    (pong,) = api.ask(ann, {"action": "ping"})

    assert "id" not in pong


def test_a_ping_near_the_tokens_end_asks_to_reconnect(api: ObservedApi, ann: Connection):
    late = Connection(id=ann.id, caller=ANN, connected_at=ann.connected_at + (DAY - 90) * 1000)
    api.platform.now += (DAY - 90) * 1000
    pong, wish = api.ask(late, {"action": "ping"})

    assert pong["type"] == "pong"
    assert (wish["type"], wish["reason"], wish["seconds"]) == ("reconnect_soon", "token", 90)
    assert faults(wish) == []


def test_a_ping_near_the_connections_end_asks_to_reconnect(api: ObservedApi, ann: Connection):
    api.platform.now += (7_200 - 60) * 1000
    _pong, wish = api.ask(ann, {"action": "ping"})

    assert (wish["reason"], wish["seconds"]) == ("lifetime", 60)


def test_a_ping_after_the_connections_lifetime_asks_at_once(api: ObservedApi, ann: Connection):
    api.platform.now += 8_000 * 1000
    _pong, wish = api.ask(ann, {"action": "ping"})

    assert wish["seconds"] == 0


# --- subscribe and unsubscribe --------------------------------------------------------------------


def test_subscribing_is_answered_by_a_snapshot(api: ObservedApi, ann: Connection):
    snapshot = asked(api, api.connect(ANN), "subscribe", request_id=SEED_ID)["data"]

    assert (snapshot["type"], snapshot["state"], snapshot["seq"]) == ("snapshot", "QUEUED", 0)


def test_a_subscriber_hears_the_end(api: ObservedApi, ann: Connection):
    other = api.connect(ANN)
    asked(api, other, "subscribe", request_id=SEED_ID)
    api.settle()

    assert api.messages(other)[-1]["type"] == "complete"


def test_a_snapshot_of_what_has_ended_brings_the_result(api: ObservedApi, ann: Connection):
    api.settle()
    snapshot = asked(api, api.connect(ANN), "subscribe", request_id=SEED_ID)["data"]

    assert (snapshot["state"], snapshot["result"]) == ("SUCCEEDED", {"month": 11})


@pytest.mark.parametrize(("after", "gap"), [(0, True), (1, False), (9, False)])
def test_a_snapshot_tells_whether_messages_were_missed(
    api: ObservedApi, ann: Connection, after: int, *, gap: bool
):
    api.settle()
    snapshot = asked(api, ann, "subscribe", request_id=SEED_ID, after_seq=after)["data"]

    assert (snapshot["seq"], snapshot["gap"]) == (1, gap)


def test_who_names_no_number_has_no_gap(api: ObservedApi, ann: Connection):
    api.settle()

    assert asked(api, ann, "subscribe", request_id=SEED_ID)["data"]["gap"] is False


def test_who_unsubscribes_hears_no_more(api: ObservedApi, ann: Connection):
    answer = asked(api, ann, "unsubscribe", request_id=SEED_ID)
    heard = len(api.messages(ann))
    api.settle()

    assert answer["data"] == {"request_id": SEED_ID}
    assert api.messages(ann)[heard:] == []


def test_unsubscribing_twice_is_harmless(api: ObservedApi, ann: Connection):
    asked(api, ann, "unsubscribe", request_id=SEED_ID)

    assert asked(api, ann, "unsubscribe", request_id=SEED_ID)["success"] is True


def test_a_channel_that_nobody_used_has_an_empty_snapshot(api: ObservedApi, ann: Connection):
    snapshot = asked(api, ann, "subscribe", channel="nightly")["data"]

    assert (snapshot["channel"], snapshot["seq"], snapshot["progress"]) == ("nightly", 0, None)


def test_a_channel_can_be_left_though_it_was_never_used(api: ObservedApi, ann: Connection):
    assert asked(api, ann, "unsubscribe", channel="nightly")["data"] == {"channel": "nightly"}


# --- get, list and cancel -------------------------------------------------------------------------


def test_get_gives_a_snapshot_without_subscribing(api: ObservedApi, ann: Connection):
    other = api.connect(ANN)
    snapshot = asked(api, other, "get", request_id=SEED_ID)["data"]
    api.settle()

    assert snapshot["state"] == "QUEUED"
    assert len(api.messages(other)) == 1


def test_list_gives_the_newest_first(api: ObservedApi, ann: Connection):
    api.platform.now += 1
    api.hear(ann, {"action": "report", "id": "report-2"})

    entries = asked(api, ann, "list")["data"]["requests"]
    assert [entry["request_id"] for entry in entries] == ["report-2", SEED_ID]


def test_list_keeps_a_state(api: ObservedApi, ann: Connection):
    api.settle()
    api.hear(ann, {"action": "report", "id": "report-2"})

    entries = asked(api, ann, "list", state="SUCCEEDED")["data"]["requests"]
    assert [entry["request_id"] for entry in entries] == [SEED_ID]
    assert entries[0]["ended_at"] == "2023-11-14T22:13:20.000Z"


def test_list_is_read_page_by_page(api: ObservedApi, ann: Connection):
    for number in range(2, 6):
        api.platform.now += 1
        api.hear(ann, {"action": "report", "id": f"report-{number}"})
    first = asked(api, ann, "list", limit=3)["data"]
    second = asked(api, ann, "list", limit=3, cursor=first["cursor"])["data"]

    names = [entry["request_id"] for entry in first["requests"] + second["requests"]]
    assert names == ["report-5", "report-4", "report-3", "report-2", SEED_ID]
    assert "cursor" not in second


def test_another_owners_cursor_leads_nowhere_else(api: ObservedApi, ann: Connection):
    bob = api.connect(BOB)
    api.hear(bob, {"action": "report", "id": "bobs"})
    cursor = asked(api, bob, "list", limit=1)["data"]["cursor"]

    entries = asked(api, ann, "list", cursor=cursor)["data"]["requests"]
    assert {entry["request_id"] for entry in entries} <= {SEED_ID}


def test_what_waits_is_cancelled_at_once(api: ObservedApi, ann: Connection):
    frame = {"action": "cancel", "id": "q", "payload": {"request_id": SEED_ID, "reason": "late"}}
    news, answer = api.ask(ann, frame)

    assert answer["data"] == {"request_id": SEED_ID, "state": "CANCELLED"}
    assert (news["type"], news["reason"], news["seq"]) == ("cancelled", "late", 1)
    assert faults(news) == faults(answer) == []


def test_the_snapshot_of_what_was_cancelled_has_the_reason(api: ObservedApi, ann: Connection):
    api.hear(ann, {"action": "cancel", "payload": {"request_id": SEED_ID, "reason": "late"}})

    assert asked(api, ann, "get", request_id=SEED_ID)["data"]["reason"] == "late"


def test_cancelled_work_is_not_done(api: ObservedApi, ann: Connection):
    api.hear(ann, {"action": "cancel", "payload": {"request_id": SEED_ID}})
    api.wait(600_000)

    assert api.stored(ANN, SEED_ID).state is State.CANCELLED


def test_cancelling_what_has_ended_changes_nothing(api: ObservedApi, ann: Connection):
    api.settle()

    assert asked(api, ann, "cancel", request_id=SEED_ID)["data"]["state"] == "SUCCEEDED"


def test_cancelling_twice_is_harmless(api: ObservedApi, ann: Connection):
    api.hear(ann, {"action": "cancel", "payload": {"request_id": SEED_ID}})

    assert asked(api, ann, "cancel", request_id=SEED_ID)["data"]["state"] == "CANCELLED"
    assert api.stored(ANN, SEED_ID).seq == 1


# --- bad arguments --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("hello", []),
        ("hello", None),
        ("subscribe", 5),
        ("subscribe", {}),
        ("subscribe", {"request_id": None}),
        ("subscribe", {"request_id": ""}),
        ("subscribe", {"request_id": "a b"}),
        ("subscribe", {"request_id": "a" * 129}),
        ("subscribe", {"request_id": "report-1\n"}),
        ("subscribe", {"request_id": ["report-1"]}),
        ("subscribe", {"request_id": SEED_ID, "after_seq": -1}),
        ("subscribe", {"request_id": SEED_ID, "after_seq": 1.5}),
        ("subscribe", {"request_id": SEED_ID, "after_seq": True}),
        ("subscribe", {"request_id": SEED_ID, "after_seq": "1"}),
        ("subscribe", {"request_id": SEED_ID, "after_seq": 2**60}),
        ("subscribe", {"channel": None}),
        ("subscribe", {"channel": ""}),
        ("subscribe", {"channel": "a\nb"}),
        ("subscribe", {"channel": "a" * 257}),
        ("subscribe", {"channel": "\ud800"}),
        ("subscribe", {"channel": {"name": "nightly"}}),
        ("unsubscribe", {}),
        ("unsubscribe", {"request_id": "*"}),
        ("unsubscribe", {"channel": 7}),
        ("unsubscribe", {"channel": "\udfff"}),
        ("get", {}),
        ("get", {"request_id": "../report-1"}),
        ("get", "report-1"),
        ("cancel", {}),
        ("cancel", {"request_id": SEED_ID, "reason": 5}),
        ("cancel", {"request_id": SEED_ID, "reason": "a" * 257}),
        ("cancel", {"request_id": SEED_ID, "reason": "\ud800"}),
        ("list", []),
        ("list", {"state": "queued"}),
        ("list", {"state": 5}),
        ("list", {"state": ["QUEUED"]}),
        ("list", {"limit": 0}),
        ("list", {"limit": 101}),
        ("list", {"limit": "20"}),
        ("list", {"limit": False}),
        ("list", {"cursor": ""}),
        ("list", {"cursor": 5}),
        ("list", {"cursor": {}}),
        ("list", {"cursor": "null"}),
        ("list", {"cursor": '["a"]'}),
        ("list", {"cursor": '["a", "b", "c"]'}),
        ("list", {"cursor": '["", ""]'}),
        ("list", {"cursor": '["\\ud800", "b"]'}),
        ("list", {"cursor": '["a", 5]'}),
        ("list", {"cursor": "[" * 5_000}),
    ],
)
def test_a_bad_argument_is_a_validation_error(
    api: ObservedApi, ann: Connection, action: str, payload: object
):
    (answer,) = api.ask(ann, {"action": action, "id": "q", "payload": payload})

    assert (answer["type"], answer["request_id"]) == ("error", "q")
    assert answer["error"]["code"] == "VALIDATION_ERROR"
    assert answer["error"]["message"]
    assert faults(answer) == []
    assert api.stored(ANN, SEED_ID).state is State.QUEUED


@pytest.mark.parametrize("argument", ["after_seq", "reason", "state", "limit", "cursor"])
def test_null_stands_for_an_argument_that_is_left_out(
    api: ObservedApi, ann: Connection, argument: str
):
    action = {"after_seq": "subscribe", "reason": "cancel"}.get(argument, "list")
    frame = {"action": action, "payload": {"request_id": SEED_ID, argument: None}}

    assert api.ask(ann, frame)[-1]["type"] == "response"


# --- without requests -----------------------------------------------------------------------------


@pytest.fixture
def channels_only() -> tuple[MemoryAws, Conversation]:
    aws = MemoryAws(tables=[TABLE])
    settings = MessageEnvironment(name="api", table_name=TABLE.name, endpoint=ENDPOINT)
    assembly = Assembly(aws=aws, platform=MemoryPlatform())
    aws.connections.open("connection")
    return aws, assembly.conversation(settings, AsyncApp(), CountedMetrics())


def said(world: tuple[MemoryAws, Conversation], action: str, **payload: object) -> dict[str, Any]:
    aws, conversation = world
    connection = Connection(id="connection", caller=ANN, connected_at=START)
    frame = {"action": action, "id": "q", "payload": payload}
    conversation.hear(connection, json.dumps(frame), None)
    (body,) = aws.connections.messages("connection")
    return json.loads(body)


@pytest.mark.parametrize("action", ["subscribe", "unsubscribe", "get", "cancel", "list"])
def test_an_api_of_channels_knows_no_request(
    channels_only: tuple[MemoryAws, Conversation], action: str
):
    answer = said(channels_only, action, request_id=SEED_ID)

    assert answer["error"]["code"] == "NOT_FOUND"
    assert faults(answer) == []


def test_an_api_of_channels_has_channels(channels_only: tuple[MemoryAws, Conversation]):
    answer = said(channels_only, "subscribe", channel="nightly")

    assert answer["data"]["state"] == "QUEUED"
    assert faults(answer) == []


# --- other callers --------------------------------------------------------------------------------

NAMING = ("subscribe", "unsubscribe", "get", "cancel")


@pytest.mark.parametrize("action", NAMING)
@pytest.mark.parametrize("caller", [BOB, EVE], ids=["another owner", "another tenant"])
def test_anothers_request_answers_as_one_that_does_not_exist(
    api: ObservedApi, ann: Connection, action: str, caller: Any
):
    other = api.connect(caller)
    real = asked(api, other, action, request_id=SEED_ID)
    unknown = asked(api, other, action, request_id="report-9")

    assert real == unknown
    assert real["error"]["code"] == "NOT_FOUND"


def test_the_same_calls_to_aws_are_made_for_anothers_request(api: ObservedApi, ann: Connection):
    eve = api.connect(EVE)
    counts = []
    for name in (SEED_ID, "report-9"):
        before = len(api.observed.calls)
        asked(api, eve, "get", request_id=name)
        counts.append(api.observed.calls[before:])

    assert counts[0] == counts[1]


def test_another_tenants_channel_of_the_same_name_is_another_channel(
    api: ObservedApi, ann: Connection
):
    asked(api, ann, "subscribe", channel="nightly")
    asked(api, api.connect(EVE), "subscribe", channel="nightly")

    channels = [item for item in api.aws.items("requests") if item["sk"] == {"S": "channel"}]
    assert [len(channel["subs"]["M"]) for channel in channels] == [1, 1]


def test_nobody_lists_the_requests_of_others(api: ObservedApi, ann: Connection):
    answers = [asked(api, api.connect(caller), "list")["data"] for caller in (BOB, EVE)]

    assert answers == [{"requests": []}, {"requests": []}]


def test_the_same_id_of_another_owner_is_another_request(api: ObservedApi, ann: Connection):
    bob = api.connect(BOB)
    (acknowledgment,) = api.ask(bob, {"action": "report", "id": SEED_ID, "payload": "other"})
    api.settle()

    assert acknowledgment["type"] == "acknowledgment"
    assert api.stored(BOB, SEED_ID).result == "other"
    assert api.stored(ANN, SEED_ID).result == {"month": 11}


# --- places of who vanished -----------------------------------------------------------------------


def crowd(api: ObservedApi, **subject: str) -> list[Connection]:
    """Let as many connections listen as can."""
    connections = [api.connect(ANN) for _ in range(SUBSCRIBERS_PER_CHANNEL)]
    for connection in connections:
        api.hear(connection, {"action": "subscribe", "payload": subject})
    return connections


SUBJECTS = pytest.mark.parametrize("subject", [{"channel": "nightly"}, {"request_id": SEED_ID}])


def listeners(api: ObservedApi, subject: dict[str, str]) -> set[str]:
    kind = "channel" if "channel" in subject else "request"
    (item,) = [item for item in api.aws.items(TABLE.name) if item["sk"] == {"S": kind}]
    return set(item["subs"]["M"])


def without_ann(api: ObservedApi, ann: Connection) -> None:
    payload = {"request_id": SEED_ID}
    api.hear(ann, {"action": "unsubscribe", "payload": payload})


@SUBJECTS
def test_where_all_listen_still_nobody_else_can(
    api: ObservedApi, ann: Connection, subject: dict[str, str]
):
    without_ann(api, ann)
    crowd(api, **subject)
    late = api.connect(ANN)
    (answer,) = api.ask(late, {"action": "subscribe", "payload": subject})

    assert answer["error"]["code"] == "CONFLICT"
    assert late.id not in listeners(api, subject)


@SUBJECTS
def test_who_comes_late_takes_the_places_of_those_who_vanished(
    api: ObservedApi, ann: Connection, subject: dict[str, str]
):
    without_ann(api, ann)
    vanished = crowd(api, **subject)[5:8]
    for connection in vanished:
        api.aws.connections.close(connection.id)
    late = api.connect(ANN)
    asked(api, late, "subscribe", **subject)

    assert late.id in listeners(api, subject)
    assert not listeners(api, subject) & {connection.id for connection in vanished}
    assert len(listeners(api, subject)) == SUBSCRIBERS_PER_CHANNEL - 3 + 1


@SUBJECTS
def test_who_comes_late_takes_the_places_of_expired_tokens(
    api: ObservedApi, ann: Connection, subject: dict[str, str]
):
    without_ann(api, ann)
    crowd(api, **subject)
    api.platform.advance(DAY * 1000)
    fresh = api.connect(replace(ANN, expires=ANN.expires + DAY))
    before = api.observed.counts["GET"]
    asked(api, fresh, "subscribe", **subject)

    assert listeners(api, subject) == {fresh.id}
    assert api.observed.counts["GET"] == before


@SUBJECTS
def test_of_two_who_want_the_same_place_one_gets_it(
    api: ObservedApi, ann: Connection, subject: dict[str, str]
):
    without_ann(api, ann)
    vanished = crowd(api, **subject)[0]
    api.aws.connections.close(vanished.id)
    first, second = api.connect(ANN), api.connect(ANN)
    frame = {"action": "subscribe", "payload": subject}
    api.observed.on("GET", after(lambda: api.hear(first, frame)))
    (answer,) = api.ask(second, frame)

    assert answer["error"]["code"] == "CONFLICT"
    assert first.id in listeners(api, subject)
    assert len(listeners(api, subject)) == SUBSCRIBERS_PER_CHANNEL


@SUBJECTS
def test_nobody_is_looked_for_while_there_is_room(
    api: ObservedApi, ann: Connection, subject: dict[str, str]
):
    asked(api, api.connect(ANN), "subscribe", **subject)

    assert api.observed.counts["GET"] == 0


@SUBJECTS
def test_who_listens_already_needs_no_place(
    api: ObservedApi, ann: Connection, subject: dict[str, str]
):
    without_ann(api, ann)
    listener = crowd(api, **subject)[3]
    asked(api, listener, "subscribe", **subject)

    assert api.observed.counts["GET"] == 0
