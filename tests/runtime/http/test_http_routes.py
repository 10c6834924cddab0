"""The HTTP API: every route for the owner and for others, and what waiting does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from cdk_streamer_runtime import (
    ActionFailed,
    AsyncApp,
    ErrorCode,
    Middleware,
    Progress,
    RequestContext,
    Retry,
    Retryable,
)
from cdk_streamer_runtime.contract import Metric, State
from cdk_streamer_runtime.http.waiting import LONGEST_PAUSE
from cdk_streamer_runtime.memory.http import HttpAnswer
from cdk_streamer_runtime.sockets.connections import Caller
from tests.runtime.api import ANN, BOB, EVE, ObservedApi


@dataclass
class Order:
    amount: int


def new_app(**options: Any) -> AsyncApp:
    app = AsyncApp(**options)
    app.action("echo")(lambda payload: payload)

    @app.action("job", mode="async")
    def job(payload: Any, progress: Progress) -> Any:
        progress.report(50, "half")
        progress.check()
        return payload

    @app.action("either", mode=lambda _: "sync")
    def either(payload: Any) -> Any:
        return payload

    @app.action("order", mode="async", input=Order)
    def order(payload: Order) -> int:
        return payload.amount

    @app.action("broken", mode="async")
    def broken() -> None:
        raise ActionFailed("no paper", details={"tray": 2})

    @app.action("context")
    def context(context: RequestContext) -> dict[str, Any]:
        return {"id": context.request_id, "owner": context.owner, **context.metadata}

    return app


@pytest.fixture
def api() -> ObservedApi:
    return ObservedApi(new_app())


def post(api: ObservedApi, action: str, caller: Caller = ANN, **members: Any) -> HttpAnswer:
    return api.http(caller, "POST", "/requests", body={"action": action, **members})


# --- submitting -----------------------------------------------------------------------------------


def test_a_sync_action_is_answered_at_once(api: ObservedApi):
    answer = post(api, "echo", payload={"a": [1]}, id="e1")

    assert (answer.status, answer.document["data"]) == (200, {"a": [1]})
    assert (answer.document["id"], answer.document["success"]) == ("e1", True)


def test_an_async_action_is_accepted(api: ObservedApi):
    answer = post(api, "job", id="r1", payload=1)

    assert (answer.status, answer.headers["location"]) == (202, "requests/r1")
    assert (answer.document["request_id"], answer.document["state"]) == ("r1", "QUEUED")


def test_what_was_accepted_over_http_runs_as_anything_else(api: ObservedApi):
    post(api, "job", id="r1", payload={"a": 1})

    api.settle()

    assert api.stored(ANN, "r1").result == {"a": 1}


def test_a_request_without_an_id_gets_one(api: ObservedApi):
    answer = post(api, "job")

    assert answer.headers["location"] == f"requests/{answer.document['request_id']}"


@pytest.mark.parametrize("header", ["r1", '"r1"', " r1 "])
def test_the_idempotency_key_is_the_id(api: ObservedApi, header: str):
    answer = api.http(
        ANN, "POST", "/requests", body={"action": "job"}, headers={"Idempotency-Key": header}
    )

    assert answer.document["request_id"] == "r1"


def test_the_same_key_and_body_are_the_same_request(api: ObservedApi):
    answers = [post(api, "job", id="r1", payload=1) for _ in range(2)]

    assert [answer.status for answer in answers] == [202, 202]
    assert api.counted.counts[Metric.REQUESTS_QUEUED] == 1


def test_a_repeated_submission_that_has_ended_gives_the_result(api: ObservedApi):
    post(api, "job", id="r1", payload=1)
    api.settle()

    answer = post(api, "job", id="r1", payload=1)

    assert (answer.status, answer.document["result"]) == (200, 1)


def test_the_same_key_with_another_body_is_a_conflict(api: ObservedApi):
    post(api, "job", id="r1", payload=1)

    answer = post(api, "job", id="r1", payload=2)

    assert (answer.status, answer.document["request_id"]) == (409, "r1")


def test_wait_gives_the_result_of_a_request_that_ends_in_time(api: ObservedApi):
    answer = api.http(
        ANN,
        "POST",
        "/requests",
        body={"action": "job", "payload": 7},
        headers={"Prefer": "wait=10"},
    )

    assert (answer.status, answer.document["result"]) == (200, 7)
    assert answer.headers["preference-applied"] == "wait=10"


def test_wait_gives_up_in_time(api: ObservedApi):
    api.dispatch = lambda: False  # type: ignore[method-assign]
    before = api.platform.now

    answer = api.http(
        ANN, "POST", "/requests", body={"action": "job"}, headers={"Prefer": "wait=600"}
    )

    assert (answer.status, answer.document["state"]) == (202, "QUEUED")
    assert answer.headers["preference-applied"] == "wait=20"
    assert api.platform.now - before == 20_000


def test_respond_async_decides_where_the_author_left_a_choice(api: ObservedApi):
    wish = {"Prefer": "respond-async"}

    answer = api.http(ANN, "POST", "/requests", body={"action": "either"}, headers=wish)

    assert (answer.status, answer.headers["preference-applied"]) == (202, "respond-async")


def test_the_body_wins_over_the_preference(api: ObservedApi):
    body = {"action": "either", "prefer": "sync"}

    answer = api.http(ANN, "POST", "/requests", body=body, headers={"Prefer": "respond-async"})

    assert answer.status == 200


def test_a_handler_reads_who_asked(api: ObservedApi):
    answer = post(api, "context", id="c1", metadata={"trace": 5})

    assert answer.document["data"] == {"id": "c1", "owner": "ann", "trace": 5}


def test_a_base64_body_is_read(api: ObservedApi):
    headers = {"content-type": "application/json; charset=utf-8"}

    answer = api.http(
        ANN, "POST", "/requests", body=b'{"action":"echo","payload":"\xc3\xbc"}', headers=headers
    )

    assert answer.document["data"] == "\u00fc"


# --- asking ---------------------------------------------------------------------------------------


def test_a_request_can_be_asked_about(api: ObservedApi):
    post(api, "job", id="r1")

    answer = api.http(ANN, "GET", "/requests/r1")

    assert (answer.status, answer.document["state"]) == (200, "QUEUED")


def test_a_poll_ends_with_the_request(api: ObservedApi):
    post(api, "job", id="r1")
    before = api.platform.now

    answer = api.http(ANN, "GET", "/requests/r1", query={"wait": 20})

    assert answer.document["state"] == "SUCCEEDED"
    assert api.platform.now - before < 1_000


@pytest.fixture
def waiting() -> ObservedApi:
    """Give an API whose request has told two things, and is tried again in ten seconds."""
    app = AsyncApp()

    @app.action("flaky", mode="async")
    def flaky(progress: Progress, context: RequestContext) -> str:
        progress.report(50)
        if context.attempt == 1:
            raise Retryable(after=10)
        return "done"

    app.action("flaky-too", mode="async", retry=Retry())(flaky)
    api = ObservedApi(app)
    post(api, "flaky-too", id="r1")
    api.settle()
    return api


@pytest.mark.parametrize(("after", "waited"), [(0, 0), (1, 0), (2, 10_000)])
def test_a_poll_ends_when_something_was_said_after_a_number(
    waiting: ObservedApi, after: int, waited: int
):
    before = waiting.platform.now

    answer = waiting.http(ANN, "GET", "/requests/r1", query={"wait": 20, "after_seq": after})

    assert answer.document["seq"] > after
    assert answer.document["gap"] is True
    assert 0 <= waiting.platform.now - before - waited < LONGEST_PAUSE


def test_a_poll_without_a_number_waits_for_the_end(waiting: ObservedApi):
    answer = waiting.http(ANN, "GET", "/requests/r1", query={"wait": 20})

    assert (answer.document["state"], answer.document["result"]) == ("SUCCEEDED", "done")


def test_a_number_alone_waits_for_nothing(waiting: ObservedApi):
    before = waiting.platform.now

    answer = waiting.http(ANN, "GET", "/requests/r1", query={"after_seq": 2})

    assert (answer.document["seq"], answer.document["gap"]) == (2, False)
    assert waiting.platform.now == before


def test_the_function_waits_no_longer_than_it_has(api: ObservedApi):
    post(api, "job", id="r1")
    api.dispatch = lambda: False  # type: ignore[method-assign]
    before = api.platform.now
    event = {
        "routeKey": "GET /requests/{request_id}",
        "rawQueryString": "wait=20",
        "pathParameters": {"request_id": "r1"},
        "requestContext": {
            "http": {},
            "authorizer": {
                "lambda": {"tenant": "acme", "owner": "ann", "expires": str(ANN.expires)}
            },
        },
    }

    answer = HttpAnswer.from_event(
        api.http_api.handle(event, lambda: before + 7_000 - api.platform.now, None)
    )

    assert (answer.status, api.platform.now - before) == (200, 5_000)


def test_prefer_waits_too(api: ObservedApi):
    post(api, "job", id="r1")

    answer = api.http(ANN, "GET", "/requests/r1", headers={"Prefer": "wait=5"})

    assert answer.document["state"] == "SUCCEEDED"
    assert answer.headers["preference-applied"] == "wait=5"


@pytest.mark.parametrize("caller", [BOB, EVE])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_the_request_of_somebody_else_is_unknown(api: ObservedApi, caller: Caller, method: str):
    post(api, "job", id="r1")

    strange = api.http(caller, method, "/requests/r1")
    unknown = api.http(caller, method, "/requests/r2")

    assert (strange.status, unknown.status) == (404, 404)
    assert strange.document["detail"] == unknown.document["detail"]


# --- lists ----------------------------------------------------------------------------------------


def test_a_list_is_read_page_by_page(api: ObservedApi):
    for number in range(5):
        api.platform.advance(1)
        post(api, "job", id=f"r{number}")

    first = api.http(ANN, "GET", "/requests", query={"limit": 3}).document
    rest = api.http(ANN, "GET", "/requests", query={"cursor": first["cursor"]}).document

    told = [entry["request_id"] for entry in first["requests"] + rest["requests"]]
    assert told == ["r4", "r3", "r2", "r1", "r0"]
    assert "cursor" not in rest


def test_a_list_can_be_of_one_state(api: ObservedApi):
    post(api, "broken", id="r1")
    api.settle()
    post(api, "job", id="r2")

    answer = api.http(ANN, "GET", "/requests", query={"state": "FAILED"})

    assert [entry["request_id"] for entry in answer.document["requests"]] == ["r1"]


def test_a_list_holds_nothing_of_others(api: ObservedApi):
    post(api, "job", id="r1")

    assert api.http(BOB, "GET", "/requests").document == {"requests": []}


# --- cancelling -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        {"query": {"reason": "too late"}},
        {"body": {"reason": "too late"}},
        {"query": {"reason": "too late"}, "body": {"reason": "too late"}},
        {"query": {"reason": "too late"}, "body": {}},
    ],
)
def test_a_request_can_be_cancelled_with_a_reason(api: ObservedApi, given: dict[str, Any]):
    post(api, "job", id="r1")

    answer = api.http(ANN, "DELETE", "/requests/r1", **given)

    assert (answer.status, answer.document) == (200, {"request_id": "r1", "state": "CANCELLED"})
    assert api.stored(ANN, "r1").cancel_reason == "too late"


@pytest.mark.parametrize("reason", [[], {}, 1])
def test_a_reason_that_is_no_text_is_refused(api: ObservedApi, reason: Any):
    post(api, "job", id="r1")

    answer = api.http(ANN, "DELETE", "/requests/r1", body={"reason": reason})

    assert (answer.status, answer.document["code"]) == (400, "VALIDATION_ERROR")


def test_a_request_that_runs_is_asked_to_stop(api: ObservedApi):
    post(api, "job", id="r1")
    told: list[HttpAnswer] = []
    api.platform.on_report = lambda: told.append(api.http(ANN, "DELETE", "/requests/r1"))

    api.settle()

    assert [(answer.status, answer.document["state"]) for answer in told] == [(202, "CANCELLING")]
    assert api.stored(ANN, "r1").state is State.CANCELLED


def test_what_has_ended_stays_as_it_is(api: ObservedApi):
    post(api, "job", id="r1")
    api.settle()

    answer = api.http(ANN, "DELETE", "/requests/r1")

    assert (answer.status, answer.document["state"]) == (200, "SUCCEEDED")


# --- about the API --------------------------------------------------------------------------------


def test_the_actions_are_listed(api: ObservedApi):
    actions = api.http(ANN, "GET", "/actions").document["actions"]

    assert {"name": "echo", "mode": "sync", "input": {}} in actions


def test_a_ticket_opens_a_connection_soon(api: ObservedApi):
    answer = api.http(ANN, "POST", "/tickets")

    ticket = answer.document["ticket"]
    assert (answer.status, answer.document["subprotocol"]) == (201, f"ticket.{ticket}")
    assert ticket not in str(api.aws.items("requests"))


def test_no_answer_is_kept_on_the_way(api: ObservedApi):
    paths = ["/requests", "/requests/r1", "/actions", "/openapi.json", "/nowhere"]

    kept = {api.http(ANN, "GET", path).headers["cache-control"] for path in paths}

    assert kept == {"no-store"}


# --- the same hands as on a socket ----------------------------------------------------------------


class Shout(Middleware):
    """Changes all that is said."""

    def send(self, message: Any) -> Any:
        if "error" in message:
            return {**message, "error": {**message["error"], "message": "HUSH"}}
        return {**message, "data": {"loud": message.get("data")}}


def test_middleware_sees_what_a_caller_gets():
    api = ObservedApi(new_app(middleware=[Shout()]))

    assert post(api, "echo", payload=1).document["data"] == {"loud": 1}
    assert post(api, "order", payload={}).document["detail"] == "HUSH"


class Leaky(Middleware):
    """Fails where it should let pass."""

    def send(self, message: Any) -> Any:
        raise RuntimeError(f"swordfish {len(message)}")


def test_what_middleware_does_not_let_pass_is_not_told():
    api = ObservedApi(new_app(middleware=[Leaky()]))

    answer = post(api, "echo", payload="secret")

    assert (answer.status, answer.document["code"]) == (500, ErrorCode.INTERNAL_ERROR)
    assert "swordfish" not in answer.body
    assert "secret" not in answer.body


def test_a_token_that_has_expired_lets_nobody_in(api: ObservedApi):
    late = replace(ANN, expires=api.platform.now // 1000)

    answer = post(api, "echo", late)

    assert (answer.status, answer.document["code"]) == (401, ErrorCode.UNAUTHORIZED)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_nobody_gets_in_without_an_authorizer(api: ObservedApi):
    event = {"routeKey": "GET /actions", "requestContext": {"http": {}}}

    answer = HttpAnswer.from_event(api.http_api.handle(event, lambda: 29_000, None))

    assert answer.status == 401
