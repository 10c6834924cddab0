"""The REST API as it is deployed: who may call, what is answered, and that nothing half remains."""

from __future__ import annotations

import pytest

from tests.end_to_end.timers.service import bearing, now, signed, text_of, unsigned

HOURLY = {"every": 3600}


# --- who may call


def test_who_does_not_sign_is_refused(anybody):
    assert anybody.ask("GET", "/periodic/any").status == 403


def test_whose_signature_is_wrong_is_refused(plain, timer_stack):
    key = timer_stack.credentials("forger")

    assert plain.by(signed(key.access_key, "another")).ask("GET", "/periodic/any").status == 403


def test_whom_nobody_knows_is_refused(plain):
    assert plain.by(signed("AKIANOBODY", "secret")).ask("GET", "/periodic/any").status == 403


def test_whom_no_policy_allows_is_refused(plain, timer_stack):
    key = timer_stack.credentials("guest", actions=())

    refused = plain.by(signed(key.access_key, key.secret_key))
    assert refused.ask("PUT", "/periodic/any", {"schedule": HOURLY}).status == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/periodic/any"),
        ("GET", "/periodic/any"),
        ("PATCH", "/periodic/any"),
        ("DELETE", "/periodic/any"),
        ("GET", "/periodic/any/occurrences"),
        ("GET", "/periodic"),
        ("POST", "/periodic:batch"),
    ],
)
def test_no_route_is_open(plain, strict, method, path):
    body = {} if method in {"PUT", "PATCH", "POST"} else None

    answers = [service.by(unsigned).ask(method, path, body).status for service in (plain, strict)]

    assert answers[0] == 403
    assert answers[1] in {401, 403}


def test_a_token_that_nobody_signed_is_refused(strict, timer_stack):
    token = timer_stack.token(sub="ann", tenant="acme")
    forged = token[:-8] + ("A" * 8 if not token.endswith("A" * 8) else "B" * 8)

    assert strict.by(bearing(forged)).ask("GET", "/periodic").status in {401, 403}


def test_a_timer_of_somebody_else_is_not_there(strict, timer_stack, id):
    strict.put(id, HOURLY)
    stranger = strict.by(bearing(timer_stack.token(sub="bob", tenant="acme")))

    known, unknown = [
        stranger.ask("GET", f"/periodic/{each}").problem | {"trace_id": ""}
        for each in (id, "never-used")
    ]

    assert known["status"] == 404
    assert known == unknown | {"detail": unknown["detail"].replace("never-used", id)}
    assert id not in str(stranger.ask("GET", "/periodic").document)


def test_whose_a_timer_is_who_calls_decides(strict, id):
    strict.put(id, HOURLY)

    mine = [each["id"] for each in strict.ask("GET", "/periodic?limit=100").document["timers"]]

    assert id in mine


# --- what is answered


def test_a_timer_is_made_read_changed_and_deleted(plain, id):
    made = plain.put(id, {"cron": "0 9 * * 1-5", "timezone": "Europe/Berlin"}, {"a": 1})
    read = plain.ask("GET", f"/periodic/{id}")
    paused = plain.patch(id, state="PAUSED")
    deleted = [plain.ask("DELETE", f"/periodic/{id}").status for _ in range(2)]

    assert (made.status, made.headers["location"]) == (201, f"./{id}")
    assert (read.document, read.etag) == (made.document, made.etag)
    assert read.document["schedule"] == {"cron": "0 9 * * 1-5", "timezone": "Europe/Berlin"}
    assert (paused.document["state"], paused.document["next_fire_at"]) == ("PAUSED", None)
    assert paused.etag != made.etag
    assert deleted == [204, 204]


def test_the_same_put_again_changes_nothing(plain, id):
    first, again = (plain.put(id, HOURLY, {"a": 1}) for _ in range(2))

    assert (first.status, again.status) == (201, 200)
    assert first.etag == again.etag
    assert first.document["schedule"] == again.document["schedule"]


@pytest.mark.parametrize("path", ["a:b~c.d-{id}_", "a%3Ab~c.d-{id}_"])
def test_an_id_may_be_percent_encoded(plain, id, path):
    made = plain.put(path.format(id=id), HOURLY)

    assert made.document["id"] == f"a:b~c.d-{id}_"


def test_preconditions_are_kept(plain, id):
    etag = plain.put(id, HOURLY).etag
    path, body = f"/periodic/{id}", {"schedule": HOURLY, "data": 2}

    statuses = [
        plain.ask("PUT", path, body, If_None_Match="*").status,
        plain.ask("PUT", path, body, If_Match='"1"').status,
        plain.ask("DELETE", path, If_Match='"1"').status,
        plain.ask("PUT", path, body, If_Match=etag).status,
    ]

    assert statuses == [412, 412, 412, 200]


def test_timers_are_listed_by_owner_and_state_page_by_page(plain, id):
    for number in range(3):
        plain.put(f"{id}-{number}", HOURLY, owner=id, state="PAUSED" if number else "ACTIVE")

    first = plain.ask("GET", f"/periodic?owner={id}&limit=2").document
    rest = plain.ask("GET", f"/periodic?owner={id}&limit=2&cursor={first['cursor']}").document
    paused = plain.ask("GET", f"/periodic?owner={id}&state=PAUSED").document

    listed = [each["id"] for each in first["timers"] + rest["timers"]]
    assert sorted(listed) == [f"{id}-{number}" for number in range(3)]
    assert rest["cursor"] is None
    assert {each["id"] for each in paused["timers"]} == {f"{id}-1", f"{id}-2"}


def test_occurrences_are_told_before_they_come(plain, id):
    plain.put(id, {"cron": "30 2 * * *", "timezone": "Europe/Berlin"})

    path = f"/periodic/{id}/occurrences?from=2030-03-30T00%3A00%3A00Z&n=3"
    document = plain.ask("GET", path).document

    # On March 31 clocks go from 2 to 3, and 2:30 is skipped.
    assert document["occurrences"] == [
        "2030-03-30T01:30:00Z",
        "2030-03-31T01:00:00Z",
        "2030-04-01T00:30:00Z",
    ]


def test_of_a_batch_all_is_done_or_nothing(plain, id):
    plain.put(f"{id}-there", HOURLY, 1)
    entries = [
        {"id": f"{id}-new", "put": {"schedule": HOURLY}},
        {"id": f"{id}-there", "patch": {"data": 2}, "if_match": '"1"'},
    ]

    refused = plain.ask("POST", "/periodic:batch", {"entries": entries})
    absent = plain.ask("GET", f"/periodic/{id}-new").status
    del entries[1]["if_match"]
    done = plain.ask("POST", "/periodic:batch", {"entries": entries}).document["results"]

    assert [each["status"] for each in refused.problem["results"]] == [424, 412]
    assert absent == 404
    assert [each["status"] for each in done] == [201, 200]


# --- what is refused

BAD = {
    "no JSON": ("{", 400, None),
    "no object": ("[]", 422, ""),
    "no schedule": ({}, 422, "/schedule"),
    "two schedules": ({"schedule": {"every": 1, "cron": "* * * * *"}}, 422, "/schedule"),
    "a period of nothing": ({"schedule": {"every": 0}}, 422, "/schedule/every"),
    "minute 75": ({"schedule": {"cron": "75 * * * *"}}, 422, "/schedule/cron"),
    "older minute 75": ({"timerCallbackData": 1, "minuteOfHour": 75}, 422, "/minuteOfHour"),
    "a zone of nowhere": (
        {"schedule": {"cron": "0 9 * * *", "timezone": "Mars/Olympus"}},
        422,
        "/schedule/timezone",
    ),
    "a moment long over": ({"schedule": {"at": "2020-01-01T00:00:00Z"}}, 422, "/schedule/at"),
    "an end before its start": (
        {
            "schedule": HOURLY,
            "start": "2031-01-01T00:00:00Z",
            "end": "2030-01-01T00:00:00Z",
        },
        422,
        "/end",
    ),
    "an unknown member": ({"schedule": HOURLY, "color": "red"}, 422, "/color"),
    "too much jitter": (
        {"schedule": {"cron": "0 9 * * *"}, "jitter": {"seconds": 900}},
        422,
        "/jitter/seconds",
    ),
    "too much data": ({"schedule": HOURLY, "data": "x" * 65_536}, 413, "/data"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_timer_that_cannot_be_is_refused_by_the_field_and_not_stored(plain, id, name):
    body, status, pointer = BAD[name]

    answer = plain.ask("PUT", f"/periodic/{id}", body)

    assert answer.status == status
    pointers = [fault.get("pointer") for fault in answer.problem.get("errors", [])]
    assert pointer is None or pointer in pointers
    assert plain.ask("GET", f"/periodic/{id}").problem["status"] == 404


def test_an_id_that_cannot_be_is_refused(plain):
    answer = plain.ask("PUT", f"/periodic/{'x' * 129}", {"schedule": HOURLY})

    assert answer.problem["status"] == 400


def test_another_kind_of_body_is_refused(plain, id):
    answer = plain.ask("PUT", f"/periodic/{id}", "a: b", Content_Type="text/yaml")

    assert answer.problem["status"] == 415


@pytest.mark.calm("presumes that a dispatcher has looked ahead")
def test_a_timer_that_could_not_be_sent_is_completed_by_the_same_request(plain, id):
    body = {"schedule": {"at": text_of(now() + 5)}}
    with plain.denied("Api/Handler", "sqs:*"):
        failed = plain.ask("PUT", f"/periodic/{id}", body)

    again = plain.ask("PUT", f"/periodic/{id}", body, If_None_Match="*")

    assert (failed.problem["status"], "retry-after" in failed.headers) == (503, True)
    assert again.status == 200
    assert plain.wait_for_firing(id)


def test_a_table_out_of_reach_tells_nothing_of_itself(plain, id):
    with plain.denied("Api/Handler", "dynamodb:*"):
        problem = plain.ask("GET", f"/periodic/{id}").problem

    assert problem["status"] == 503
    assert "dynamodb" not in str(problem).lower()
