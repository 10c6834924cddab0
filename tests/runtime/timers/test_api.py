"""The REST API, request by request: what is answered, what is stored, and what is not."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from cdk_streamer_runtime.contract import CallerRules
from cdk_streamer_runtime.contract.timers import TIMER_DATA_BYTES, TimerRoute
from cdk_streamer_runtime.errors import AwsError, Throttled
from cdk_streamer_runtime.memory.http import HttpAnswer
from cdk_streamer_runtime.timers.rest.api import BATCH_BYTES, BODY_BYTES
from cdk_streamer_runtime.timers.schedules.moments import text_of
from tests.runtime.observed_aws import after, refused_by
from tests.runtime.timers.rest import ANN, BOB, NOW, Rest, rest_event

HOURLY = {"schedule": {"every": 3_600, "phase": 0}, "data": {"a": 1}}
MINUTELY = {"schedule": {"every": 60, "phase": 0}}
PROBLEM = "application/problem+json"


@pytest.fixture
def rest() -> Rest:
    return Rest()


def places(answer: HttpAnswer) -> list[str]:
    """Give where a problem says that faults are."""
    return [
        fault.get("pointer", fault.get("parameter", fault.get("header")))
        for fault in answer.document["errors"]
    ]


# --- one timer ------------------------------------------------------------------------------------


def test_a_timer_is_created_where_it_was_put(rest: Rest):
    created = rest.put("a:b", HOURLY)

    assert (created.status, created.headers["location"]) == (201, "./a:b")
    assert re.fullmatch(r'"\d{13}"', created.headers["etag"])
    assert rest.get("a:b").document == created.document
    assert rest.get("a:b").headers["etag"] == created.headers["etag"]


def test_a_timer_may_be_sent_back_as_it_came(rest: Rest):
    body = {**HOURLY, "jitter": {"seconds": 5}, "start": text_of(NOW), "owner": "ann"}
    created = rest.put("poll", body)
    stored = rest.stored()
    rest.platform.advance(50_000)

    again = rest.put("poll", rest.get("poll").document)

    assert (again.status, again.headers["etag"]) == (200, created.headers["etag"])
    assert "location" not in again.headers
    assert rest.stored() == stored


def test_the_same_body_in_another_form_changes_nothing(rest: Rest):
    first = rest.put("poll", {"schedule": {"cron": "0 9 * * MON"}, "data": {"b": 1, "a": 2}})
    body = '{"data": {"a": 2,"b":1.0e0}, "schedule": {"timezone":"UTC", "cron": " 0 9 * *  mon"}}'
    typed = {"Content-Type": "application/json; charset=utf-8"}

    other = rest.put("poll", body.replace("1.0e0", "1"), headers=typed)

    assert (other.status, other.headers["etag"]) == (200, first.headers["etag"])


def test_an_ended_timer_may_be_sent_back_too(rest: Rest):
    rest.put("once", {"schedule": {"at": text_of(NOW + 5)}})
    rest.platform.advance(3_600_000)
    ended = rest.get("once")

    again = rest.put("once", ended.document)

    assert ended.document["state"] == "ENDED"
    assert (again.status, again.headers["etag"]) == (200, ended.headers["etag"])


def test_another_body_is_another_revision(rest: Rest):
    first = rest.put("poll", HOURLY)

    second = rest.put("poll", {**HOURLY, "data": 2})

    assert second.status == 200
    assert second.headers["etag"] != first.headers["etag"]
    assert second.document["created_at"] == first.document["created_at"]


def test_a_body_may_come_in_base64(rest: Rest):
    typed = {"content-type": "application/json"}

    assert rest.put("poll", json.dumps(HOURLY), headers=typed, base64=True).status == 201


@pytest.mark.parametrize("id", ["a%3Ab", "a:b"])
def test_an_id_is_the_same_in_both_of_its_forms(rest: Rest, id: str):
    rest.put(id, HOURLY)

    assert rest.get("a:b").document["id"] == "a:b"


def test_a_timer_is_paused_and_resumed(rest: Rest):
    rest.put("poll", HOURLY)

    paused = rest.ask("PATCH", "/periodic/poll", {"state": "PAUSED"})
    resumed = rest.ask("PATCH", "/periodic/poll", {"state": "ACTIVE"})

    assert (paused.status, paused.document["state"]) == (200, "PAUSED")
    assert paused.document["next_fire_at"] is None
    assert (resumed.status, resumed.document["state"]) == (200, "ACTIVE")
    assert resumed.document["next_fire_at"] is not None
    assert resumed.document["data"] == {"a": 1}


def test_a_patch_may_call_itself_one(rest: Rest):
    rest.put("poll", HOURLY)
    typed = {"content-type": "application/merge-patch+json"}

    assert rest.ask("PATCH", "/periodic/poll", '{"data": 5}', headers=typed).status == 200


def test_what_is_not_there_cannot_be_patched(rest: Rest):
    assert rest.ask("PATCH", "/periodic/poll", {"state": "PAUSED"}).status == 404
    assert rest.stored() == []


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({**HOURLY, "end": text_of(NOW - 31 * 86_400)}, "/end"),
        ({"schedule": {"at": text_of(NOW - 31 * 86_400)}, "state": "PAUSED"}, "/schedule/at"),
    ],
)
def test_what_would_be_forgotten_at_once_is_not_stored(rest: Rest, body: Any, place: str):
    answer = rest.put("a", body)
    assert (answer.status, places(answer), rest.stored()) == (422, [place], [])


def test_what_has_ended_lately_is_stored(rest: Rest):
    rest.put("a", {**HOURLY, "end": text_of(NOW - 29 * 86_400)})
    assert rest.get("a").document["state"] == "ENDED"


def test_a_header_that_is_written_in_two_ways_is_one_header(rest: Rest):
    rest.put("a", HOURLY)
    headers = {"If-Match": rest.rev("a"), "if-match": '"1"'}
    assert rest.put("a", {**HOURLY, "data": 1}, headers=headers).status == 200


def test_deleting_twice_is_deleting_once(rest: Rest):
    rest.put("poll", HOURLY)

    answers = [rest.ask("DELETE", "/periodic/poll") for _ in range(2)]

    assert [(each.status, each.body) for each in answers] == [(204, ""), (204, "")]
    assert rest.get("poll").status == 404
    assert "content-type" not in answers[0].headers


def test_occurrences_are_told(rest: Rest):
    rest.put("poll", HOURLY)

    asked = rest.ask(
        "GET", "/periodic/poll/occurrences", query={"from": "2026-01-01T00:30:00Z", "n": "2"}
    )

    assert asked.document == {
        "id": "poll",
        "occurrences": ["2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"],
        "next": "2026-01-01T03:00:00Z",
    }
    assert rest.ask("GET", "/periodic/nobody/occurrences").status == 404


def test_what_is_due_at_once_is_sent_at_once(rest: Rest):
    answer = rest.put("once", {"schedule": {"at": text_of(NOW - 30)}, "data": [1]})

    assert answer.status == 201
    assert [json.loads(body)["data"] for body in rest.sent()] == [[1]]


# --- the older body -------------------------------------------------------------------------------


def test_the_older_body_is_taken_and_answered(rest: Rest):
    answer = rest.put("poll", {"timerCallbackData": {"a": 1}, "minuteOfHour": 5})

    assert answer.status == 201
    assert answer.document | {"shardId": "0"} == {
        **rest.get("poll").document,
        "id": "poll",
        "shardId": "0",
        "timeShardId": "05:poll",
        "timerCallbackData": {"a": 1},
        "schedule": {"every": 3_600, "phase": 300},
    }


def test_an_older_timer_may_be_sent_back_as_it_came(rest: Rest):
    first = rest.put("poll", {"timerCallbackData": "text"})

    again = rest.put("poll", rest.get("poll").document)

    assert (again.status, again.headers["etag"]) == (200, first.headers["etag"])


def test_a_newer_body_makes_it_a_newer_timer(rest: Rest):
    rest.put("poll", {"timerCallbackData": 1, "minuteOfHour": 0})

    newer = rest.put("poll", {**HOURLY, "data": 1})

    assert newer.status == 200
    assert "timerCallbackData" not in newer.document


# --- preconditions --------------------------------------------------------------------------------


def test_of_two_who_change_the_same_revision_one_is_told(rest: Rest):
    tag = {"if-match": rest.put("poll", HOURLY).headers["etag"]}

    first = rest.put("poll", {**HOURLY, "data": "ann"}, headers=tag)
    second = rest.put("poll", {**HOURLY, "data": "bob"}, headers=tag)

    assert (first.status, second.status) == (200, 412)
    assert rest.get("poll").document["data"] == "ann"


def test_a_repetition_is_taken_whatever_its_precondition(rest: Rest):
    tag = {"if-match": rest.put("poll", HOURLY).headers["etag"]}
    body = {**HOURLY, "data": "ann"}

    answers = [rest.put("poll", body, headers=tag) for _ in range(2)]

    assert [each.status for each in answers] == [200, 200]
    assert answers[0].headers["etag"] == answers[1].headers["etag"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        {"If-Match": '"5"'},
        {"If-Match": ['"5"', '"6"']},
        {"If-Match": 'W/"1700000000000"'},
        {"If-None-Match": "*"},
        {"If-None-Match": '"1", W/"1700000000000"'},
    ],
)
def test_a_precondition_that_fails_changes_nothing(rest: Rest, method: str, headers: Any):
    rest.put("poll", HOURLY)
    stored = rest.stored()

    answer = rest.ask(method, "/periodic/poll", {**HOURLY, "data": 2}, headers=headers)

    assert (answer.status, answer.headers["content-type"]) == (412, PROBLEM)
    assert rest.stored() == stored


def test_what_is_not_there_matches_nothing(rest: Rest):
    assert rest.put("poll", HOURLY, headers={"If-Match": "*"}).status == 412
    assert rest.put("poll", HOURLY, headers={"If-None-Match": "*"}).status == 201


def test_preconditions_that_cannot_be_read_are_named(rest: Rest):
    answer = rest.put("poll", HOURLY, headers={"If-Match": "5", "If-None-Match": '"'})

    assert (answer.status, places(answer)) == (400, ["If-Match", "If-None-Match"])


def test_who_was_faster_wins_where_a_revision_was_named(rest: Rest):
    tag = {"if-match": rest.put("poll", HOURLY).headers["etag"]}
    rest.aws.on("TransactWriteItems", after(lambda: rest.put("poll", {**HOURLY, "data": "bob"})))

    slower = rest.put("poll", {**HOURLY, "data": "ann"}, headers=tag)

    assert slower.status == 412
    assert rest.get("poll").document["data"] == "bob"


def test_who_was_slower_wins_where_none_was_named(rest: Rest):
    rest.put("poll", HOURLY)
    rest.aws.on("TransactWriteItems", after(lambda: rest.put("poll", {**HOURLY, "data": "bob"})))

    slower = rest.put("poll", {**HOURLY, "data": "ann"})

    assert slower.status == 200
    assert rest.get("poll").document["data"] == "ann"


def test_a_patch_is_of_what_is_there_when_it_is_written(rest: Rest):
    rest.put("poll", {**HOURLY, "data": {"a": 1}})
    other = {"data": {"b": 2}}
    rest.aws.on("TransactWriteItems", after(lambda: rest.ask("PATCH", "/periodic/poll", other)))

    rest.ask("PATCH", "/periodic/poll", {"data": {"c": 3}})

    assert rest.get("poll").document["data"] == {"a": 1, "b": 2, "c": 3}


# --- lists ----------------------------------------------------------------------------------------


def test_timers_are_listed_by_their_owner(rest: Rest):
    for number in range(5):
        rest.put(f"a{number}", {**HOURLY, "owner": "ann"})
    rest.put("b", {**HOURLY, "owner": "bob"})
    rest.put("nobody", HOURLY)

    page = rest.ask("GET", "/periodic", query={"owner": "ann", "limit": "3"}).document
    rest_of_it = rest.ask(
        "GET", "/periodic", query={"owner": "ann", "cursor": page["cursor"]}
    ).document

    names = [[each["id"] for each in part["timers"]] for part in (page, rest_of_it)]
    assert len(names[0]) == 3
    assert sorted(names[0] + names[1]) == [f"a{number}" for number in range(5)]
    assert rest_of_it["cursor"] is None
    assert [t["id"] for t in rest.ask("GET", "/periodic").document["timers"]] == ["nobody"]


def test_timers_are_listed_by_their_state(rest: Rest):
    rest.put("active", HOURLY)
    rest.put("paused", {**HOURLY, "state": "PAUSED"})
    rest.put("ended", {**HOURLY, "end": text_of(NOW)})

    found = {
        state: [
            t["id"] for t in rest.ask("GET", "/periodic", query={"state": state}).document["timers"]
        ]
        for state in ("ACTIVE", "PAUSED", "ENDED")
    }

    assert found == {"ACTIVE": ["active"], "PAUSED": ["paused"], "ENDED": ["ended"]}


def test_a_list_agrees_with_the_timers_in_it(rest: Rest):
    rest.put("poll", {**HOURLY, "jitter": {"seconds": 600}, "owner": "ann", "end": text_of(10**10)})
    (listed,) = rest.ask("GET", "/periodic", query={"owner": "ann"}).document["timers"]

    whole = rest.get("poll").document
    assert listed == {name: whole[name] for name in listed}
    assert listed.keys() == {
        *("id", "state", "schedule", "owner", "end", "created_at", "next_fire_at")
    }


@pytest.mark.parametrize(
    ("path", "query", "named"),
    [
        ("/periodic", {"state": "active"}, ["state"]),
        ("/periodic", {"limit": "0"}, ["limit"]),
        ("/periodic", {"limit": "101"}, ["limit"]),
        ("/periodic", {"limit": "+5"}, ["limit"]),
        ("/periodic", {"limit": "\u0665"}, ["limit"]),
        ("/periodic", {"limit": ["5", "6"]}, ["limit"]),
        ("/periodic", {"owner": ""}, ["owner"]),
        ("/periodic", {"owner": "x" * 129}, ["owner"]),
        ("/periodic", {"cursor": "x"}, ["cursor"]),
        ("/periodic", {"cursor": "ü" * 100}, ["cursor"]),
        ("/periodic", {"cursor": "x" * 5_000}, ["cursor"]),
        ("/periodic", {"page": "1", "limit": "x", "state": ""}, ["page", "state", "limit"]),
        ("/periodic/poll", {"x": "1"}, ["x"]),
        ("/periodic/poll/occurrences", {"n": "101", "from": "now"}, ["from", "n"]),
        ("/periodic/poll/occurrences", {"from": "2026-01-01T00:00:00 00:00"}, ["from"]),
    ],
)
def test_a_query_that_cannot_be_is_refused_by_name(
    rest: Rest, path: str, query: Any, named: list[str]
):
    rest.put("poll", HOURLY)
    answer = rest.ask("GET", path, query=query)

    assert (answer.status, answer.headers["content-type"]) == (400, PROBLEM)
    assert sorted(places(answer)) == sorted(named)


# --- batches --------------------------------------------------------------------------------------


def batch(rest: Rest, *entries: Any) -> HttpAnswer:
    return rest.ask("POST", "/periodic:batch", {"entries": list(entries)})


def test_a_batch_is_done_as_one(rest: Rest):
    rest.put("old", HOURLY)
    tag = rest.put("poll", HOURLY).headers["etag"]

    answer = batch(
        rest,
        {"id": "new", "put": MINUTELY, "if_none_match": "*"},
        {"id": "poll", "patch": {"state": "PAUSED"}, "if_match": tag},
        {"id": "old", "delete": True},
        {"id": "never", "delete": True},
    )

    results = answer.document["results"]
    assert answer.status == 200
    assert [(each["id"], each["status"]) for each in results] == [
        ("new", 201), ("poll", 200), ("old", 204), ("never", 204),
    ]  # fmt: skip
    assert results[0]["timer"] == rest.get("new").document
    assert results[1]["etag"] == rest.rev("poll")
    assert results[1]["timer"]["state"] == "PAUSED"
    assert rest.get("old").status == 404


def test_one_entry_that_cannot_be_done_stops_all(rest: Rest):
    rest.put("poll", HOURLY)
    stored = rest.stored()

    answer = batch(
        rest,
        {"id": "fine", "put": MINUTELY},
        {"id": "poll", "patch": {"data": 2}, "if_match": '"5"'},
        {"id": "nobody", "patch": {"data": 2}},
        {"id": "late", "put": {"schedule": {"at": text_of(NOW - 61)}}},
    )

    results = answer.document["results"]
    assert (answer.status, answer.headers["content-type"]) == (422, PROBLEM)
    assert [each["status"] for each in results] == [424, 412, 404, 422]
    assert [each.get("problem", {}).get("status") for each in results] == [None, 412, 404, 422]
    assert places(answer) == ["/entries/3/put/schedule/at"]
    # A class is registered before the first timer of it, and harms nobody without.
    assert [item for item in rest.stored() if item["pk"]["S"] != "c#1101"] == stored


def test_all_faults_of_a_batch_are_told_at_once(rest: Rest):
    answer = batch(
        rest,
        {"id": "a", "put": {"schedule": {"every": 0}, "x": 1}, "if_match": "5"},
        {"id": "b", "delete": True},
        {"id": "c/d", "put": MINUTELY, "y": 1},
        {"id": "e", "put": MINUTELY, "delete": True},
        {"id": "f", "delete": 1},
        5,
        {"id": "g", "put": {**MINUTELY, "data": "x" * TIMER_DATA_BYTES}},
    )

    assert answer.status == 422
    assert sorted(places(answer)) == [
        "/entries/0/if_match", "/entries/0/put/schedule/every", "/entries/0/put/x",
        "/entries/2/id", "/entries/2/y", "/entries/3", "/entries/4/delete",
        "/entries/5", "/entries/6/put/data",
    ]  # fmt: skip
    assert [each["status"] for each in answer.document["results"]] == [
        *(422, 424, 422, 422, 422, 422, 413)
    ]
    assert rest.stored() == []


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "/entries"),
        ({"entries": []}, "/entries"),
        ({"entries": {}}, "/entries"),
        ({"entries": [{"id": f"t{n}", "delete": True} for n in range(26)]}, "/entries"),
        ({"entries": [{"id": "a", "delete": True}] * 2}, "/entries/1/id"),
        ({"entries": [{"id": "a", "delete": True}], "x": 1}, "/x"),
        ([], ""),
        (None, ""),
    ],
)
def test_a_batch_that_is_none_is_refused_at_its_place(rest: Rest, body: object, place: str):
    typed = {"content-type": "application/json"}

    answer = rest.ask("POST", "/periodic:batch", json.dumps(body), headers=typed)

    assert (answer.status, places(answer)) == (422, [place])


def test_an_answer_that_would_be_too_large_leaves_the_timers_out(rest: Rest):
    data = '"' * (TIMER_DATA_BYTES // 2 - 1)

    answer = batch(rest, *({"id": f"t{n}", "put": {"timerCallbackData": data}} for n in range(25)))

    assert answer.status == 200
    assert [each.keys() for each in answer.document["results"]] == [{"id", "status", "etag"}] * 25
    assert rest.get("t7").document["data"] == data


# --- callers that are apart -----------------------------------------------------------------------


@pytest.fixture
def apart() -> Rest:
    rest = Rest(isolate_owners=True)
    rest.put("poll", HOURLY, caller=ANN)
    return rest


def test_the_owner_is_who_calls(apart: Rest):
    assert apart.get("poll", caller=ANN).document["owner"] == "acme/ann"
    assert apart.put("poll", apart.get("poll", caller=ANN).document, caller=ANN).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/periodic/poll", 404),
        ("GET", "/periodic/poll/occurrences", 404),
        ("PUT", "/periodic/poll", 404),
        ("PATCH", "/periodic/poll", 404),
        # As if it were not there.
        ("DELETE", "/periodic/poll", 204),
    ],
)
def test_anothers_timer_is_as_none(apart: Rest, method: str, path: str, status: int):
    stored = apart.stored()

    answer = apart.ask(method, path, None if method == "GET" else MINUTELY, caller=BOB)

    assert answer.status == status
    assert apart.stored() == stored


def test_anothers_timer_stops_a_batch(apart: Rest):
    body = {"entries": [{"id": "mine", "put": HOURLY}, {"id": "poll", "patch": {"data": 1}}]}

    answer = apart.ask("POST", "/periodic:batch", body, caller=BOB)

    assert [each["status"] for each in answer.document["results"]] == [424, 404]


def test_a_list_is_of_ones_own_timers(apart: Rest):
    apart.put("other", HOURLY, caller=BOB)

    listed = apart.ask("GET", "/periodic", caller=BOB).document["timers"]
    asked = apart.ask("GET", "/periodic", query={"owner": "acme/ann"}, caller=BOB)

    assert [each["id"] for each in listed] == ["other"]
    assert (asked.status, places(asked)) == (400, ["owner"])


@pytest.mark.parametrize("owner", ["acme/bob", "ann", "x"])
def test_nobody_names_another_owner(apart: Rest, owner: str):
    answer = apart.put("new", {**HOURLY, "owner": owner}, caller=ANN)

    assert (answer.status, places(answer)) == (422, ["/owner"])


def test_tenants_do_not_meet(apart: Rest):
    stranger = ANN.__class__(tenant="acm", owner="e/ann", expires=ANN.expires)
    slash = ANN.__class__(tenant="acme/ann", owner="x", expires=ANN.expires)

    assert apart.get("poll", caller=stranger).status == 404
    assert apart.put("p", HOURLY, caller=slash).document["owner"] == "acme%2Fann/x"


def test_who_signs_is_the_role_in_all_its_sessions():
    rest = Rest(isolate_owners=True, rules=CallerRules(signed=True))
    account = {"accountId": "123456789012", "userArn": "arn:aws:sts::123456789012:assumed-role/A/b"}
    first, second = ({**account, "caller": f"AROAEXAMPLE:{name}"} for name in ("ann", "bob"))
    rest.put("poll", HOURLY, identity=first)

    assert rest.get("poll", identity=second).document["owner"] == "123456789012/AROAEXAMPLE"
    assert rest.get("poll", identity={**account, "caller": "AIDAOTHER"}).status == 404
    # What an authorizer would say is nothing that anybody checked here.
    assert rest.get("poll", caller=ANN).status == 401


def test_nobody_is_let_in_whom_the_gateway_did_not_name(apart: Rest):
    answer = apart.get("poll")

    assert (answer.status, answer.headers["content-type"]) == (401, PROBLEM)


def test_who_is_over_is_nobody(apart: Rest):
    apart.platform.advance(ANN.expires * 1000)

    assert apart.get("poll", caller=ANN).status == 401


# --- what goes wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("", "application/json", 400),
        ("{", "application/json", 400),
        ("\ufeff{}", "application/json", 400),
        ('{"data": NaN}', "application/json", 400),
        ('{"data": 1, "data": 1}', "application/json", 400),
        ('{"data": "\\ud83d"}', "application/json", 400),
        ('{"data": 1e999}', "application/json", 400),
        ("9" * 5_000, "application/json", 400),
        ("[" * 100_000, "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        ("\ud83d", "application/json", 400),
        (json.dumps(HOURLY), None, 415),
        (json.dumps(HOURLY), "text/plain", 415),
        (json.dumps(HOURLY), "application/json; charset=latin-1", 415),
        ("x" * (BODY_BYTES + 1), "application/json", 413),
        (json.dumps({**HOURLY, "data": "x" * TIMER_DATA_BYTES}), "application/json", 413),
    ],
    ids=range(16),
)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_body_that_cannot_be_read_is_a_problem(
    rest: Rest, method: str, body: Any, content_type: str | None, status: int
):
    rest.put("poll", HOURLY)
    stored = rest.stored()
    typed = {} if content_type is None else {"content-type": content_type}

    answer = rest.ask(method, "/periodic/poll", body, headers=typed)

    assert (answer.status, answer.headers["content-type"]) == (status, PROBLEM)
    assert answer.document["status"] == status
    assert rest.stored() == stored


def test_a_batch_may_be_larger_than_one_timer(rest: Rest):
    typed = {"content-type": "application/json"}

    too_large = rest.ask("POST", "/periodic:batch", "x" * (BATCH_BYTES + 1), headers=typed)

    assert too_large.status == 413


def test_base64_that_is_none_is_a_problem(rest: Rest):
    event = rest_event("PUT", "/periodic/poll", HOURLY) | {"isBase64Encoded": True, "body": "%"}

    assert HttpAnswer.from_event(rest.api.handle(event)).status == 400


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_a_timer_that_is_not_there_is_named(rest: Rest, method: str):
    answer = rest.ask(method, "/periodic/nobody", None if method == "GET" else HOURLY)

    assert (answer.status, answer.document["detail"]) == (404, "no timer is named 'nobody'")


@pytest.mark.parametrize("id", ["", "a b", "%00", "a%2Fb", "ü", "x" * 129, "..", "%2e%2e"])
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_an_id_that_can_be_none_is_named(rest: Rest, id: str, method: str):
    answer = rest.ask(method, f"/periodic/{id}", None if method == "GET" else HOURLY)

    assert (answer.status, places(answer)) == (400, ["id"])
    assert "must be 1 to 128 of A-Z a-z 0-9" in answer.document["errors"][0]["detail"]
    assert rest.stored() == []


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("HEAD", "/periodic/poll", 405, "PUT, GET, PATCH, DELETE"),
        ("POST", "/periodic/poll", 405, "PUT, GET, PATCH, DELETE"),
        ("DELETE", "/periodic", 405, "GET"),
        ("GET", "/periodic:batch", 405, "POST"),
        ("GET", "/other", 404, None),
        ("GET", "/", 404, None),
    ],
)
def test_what_is_not_there_is_a_problem(
    rest: Rest, method: str, path: str, status: int, allow: str | None
):
    answer = rest.ask(method, path)

    assert (answer.status, answer.headers.get("allow")) == (status, allow)
    assert answer.headers["content-type"] == PROBLEM


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        ("GetItem", Throttled("ThrottlingException", "slower", 400, "GetItem")),
        ("TransactWriteItems", AwsError("InternalServerError", "no", 500, "TransactWriteItems")),
    ],
)
def test_what_the_table_refuses_is_to_be_repeated(rest: Rest, operation: str, error: AwsError):
    rest.aws.on(operation, refused_by(error))

    refused = HttpAnswer.from_event(
        rest.api.handle(rest_event("PUT", "/periodic/poll", HOURLY), "1-5759e988-bd862e3f")
    )

    assert (refused.status, refused.headers["retry-after"]) == (503, "1")
    assert refused.document["trace_id"] == "1-5759e988-bd862e3f"
    assert "slower" not in refused.body
    assert rest.put("poll", HOURLY).status == 201


def test_what_was_stored_but_not_sent_is_to_be_repeated(rest: Rest):
    body = {"schedule": {"at": text_of(NOW - 30)}}
    rest.aws.on("SendMessageBatch", refused_by(AwsError("AccessDenied", "no", 403, "x")))

    first = rest.put("once", body)
    second = rest.put("once", body, headers={"if-none-match": "*"})

    assert (first.status, second.status) == (503, 200)
    assert first.headers["retry-after"] == "1"
    assert len(rest.sent()) == 1


def test_what_is_our_own_fault_is_told_without_its_reason(rest: Rest):
    rest.aws.on("GetItem", refused_by(RuntimeError("secret")))

    answer = rest.get("poll")

    assert (answer.status, answer.headers["content-type"]) == (500, PROBLEM)
    assert "secret" not in answer.body


# --- anything at all ------------------------------------------------------------------------------

SHARED = Rest()
SHARED.put("known", HOURLY)
HOSTILE = st.sampled_from(
    [
        "",
        "\x00",
        "\ud83d",
        "\ufffe",
        "../..",
        "%",
        "{}",
        "a" * 3_000,
        "\u202e",
        "1e999",
        "-0",
        "null",
    ]
) | st.text(max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | HOSTILE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE, inner, max_size=3),
    max_leaves=5,
)
FIELDS = [
    *(("schedule",), ("schedule", "every"), ("schedule", "phase"), ("schedule", "cron")),
    *(("schedule", "timezone"), ("schedule", "at"), ("start",), ("end",), ("jitter",)),
    *(("jitter", "seconds"), ("jitter", "mode"), ("misfire",), ("misfire", "policy")),
    *(("misfire", "grace"), ("owner",), ("state",), ("other",), ("id",), ("minuteOfHour",)),
]


def with_field(field: tuple[str, ...], value: Any) -> dict[str, Any]:
    """Give a body that is right but for one field."""
    kind = field[-1]
    schedule: dict[str, Any] = {"every": 600}
    if kind in {"cron", "timezone"}:
        schedule = {"cron": "0 9 * * *"}
    body: dict[str, Any] = {
        "schedule": {"at": text_of(NOW)} if kind == "at" else schedule,
        "misfire": {"policy": "skip", "grace": 5},
    }
    if kind == "mode":
        body["jitter"] = {"seconds": 5}
    if kind == "seconds":
        body["jitter"] = {}
    target = body[field[0]] if len(field) > 1 else body
    target[kind] = value
    return body


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(FIELDS), VALUES, st.sampled_from(["PUT", "PATCH"]))
def test_a_field_of_any_value_is_taken_or_named(field: tuple[str, ...], value: Any, method: str):
    before = SHARED.stored()
    body = json.dumps(with_field(field, value))
    typed = {"content-type": "application/json"}

    answer = SHARED.ask(method, "/periodic/known", body, headers=typed)

    assert answer.status in {200, 400, 422}
    if answer.status == 200:
        SHARED.put("known", HOURLY)
        return
    assert answer.headers["content-type"] == PROBLEM
    assert SHARED.stored() == before
    named = "/" + "/".join(field)
    assert answer.status == 400 or any(
        place == "" or place.startswith(named) or named.startswith(place)
        for place in places(answer)
    )


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["GET", "PUT", "PATCH", "DELETE", "POST", "HEAD"]),
    st.sampled_from([route.partition(" ")[2] for route in TimerRoute]) | HOSTILE,
    HOSTILE | st.binary(max_size=20) | VALUES.map(json.dumps),
    st.dictionaries(st.sampled_from(["owner", "state", "limit", "n", "from", "cursor"]) | HOSTILE,
                    st.lists(HOSTILE, min_size=1, max_size=2), max_size=2),
    st.dictionaries(st.sampled_from(["Content-Type", "If-Match", "if-none-match"]), HOSTILE),
)  # fmt: skip
def test_no_request_at_all_is_answered_with_a_fault_of_ours(
    method: str, path: str, body: Any, query: Any, headers: Any
):
    before = SHARED.stored()
    given_path = path.replace("{id}", "known" if method == "GET" else "%00")

    answer = SHARED.ask(method, given_path, body, query=query, headers=headers)

    assert answer.status < 500
    assert answer.status < 400 or answer.headers["content-type"] == PROBLEM
    assert SHARED.stored() == before
