"""What is wrong with a request, as its caller reads it: one table of statuses, one of bad input."""

from __future__ import annotations

import json
import logging
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from cdk_streamer_runtime import ActionFailed, AsyncApp, ErrorCode
from cdk_streamer_runtime.contract import HttpRoute
from cdk_streamer_runtime.errors import AccessDenied, Throttled, Unreachable
from cdk_streamer_runtime.http.problems import STATUSES, TITLES, problem
from cdk_streamer_runtime.memory.http import HttpAnswer
from tests.runtime.api import ANN, ObservedApi
from tests.runtime.observed_aws import refused_by

SECRET = "the password is swordfish"
TRACE = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1"


@pytest.fixture(scope="module")
def app() -> AsyncApp:
    app = AsyncApp(max_message_bytes=1_000)
    app.action("echo")(lambda payload: payload)
    app.action("job", mode="async")(lambda payload: payload)
    app.action("count", input=dict[str, int])(lambda payload: payload)
    app.action("guarded", scopes=["admin"])(lambda: None)

    @app.action("leak")
    def leak() -> None:
        raise RuntimeError(SECRET)

    @app.action("fail")
    def fail(payload: str) -> None:
        raise ActionFailed("no", code=ErrorCode(payload), details={"limit": 5})

    return app


@pytest.fixture
def api(app: AsyncApp) -> ObservedApi:
    return ObservedApi(app)


def posted(api: ObservedApi, body: object, **headers: str) -> HttpAnswer:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.http(ANN, "POST", "/requests", body=body, headers=given)


def is_problem(answer: HttpAnswer) -> bool:
    document = answer.document
    return (
        answer.headers["content-type"] == "application/problem+json"
        and document["status"] == answer.status
        and {"type", "title", "detail", "code", "retryable"} <= document.keys()
    )


# --- statuses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("VALIDATION_ERROR", 400),
        ("INVALID_ACTION", 404),
        ("UNAUTHORIZED", 401),
        ("FORBIDDEN", 403),
        ("NOT_FOUND", 404),
        ("CONFLICT", 409),
        ("RATE_LIMITED", 429),
        ("PAYLOAD_TOO_LARGE", 413),
        ("TIMEOUT", 504),
        ("CANCELLED", 409),
        ("PROCESSING_FAILED", 500),
        ("INTERNAL_ERROR", 500),
    ],
)
def test_a_code_has_its_status(api: ObservedApi, code: str, status: int):
    answer = posted(api, {"action": "fail", "payload": code, "id": "f1"})

    assert is_problem(answer)
    assert (answer.status, answer.document["code"]) == (status, code)
    assert (answer.document["detail"], answer.document["details"]) == ("no", {"limit": 5})
    assert answer.document["request_id"] == "f1"


def test_every_code_has_a_status_and_a_title():
    assert set(STATUSES) == set(TITLES) == set(ErrorCode)


def test_how_long_to_wait_is_told_twice():
    fault = {"code": "RATE_LIMITED", "message": "", "retryable": True, "retry_after_ms": 1_001}

    response = problem(fault)

    assert response.headers["retry-after"] == "2"
    assert response.document is not None
    assert response.document["retry_after_ms"] == 1_001


@pytest.mark.parametrize("error", [Throttled, Unreachable, AccessDenied])
def test_a_service_that_fails_can_be_tried_again(
    api: ObservedApi, error: type[Throttled], caplog: pytest.LogCaptureFixture
):
    api.observed.on("TransactWriteItems", refused_by(error("Code", SECRET, 400, "any")))

    with caplog.at_level(logging.CRITICAL):
        answer = posted(api, {"action": "job"})

    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert SECRET not in answer.body


def test_a_fault_of_the_author_tells_nothing_but_its_trace(api: ObservedApi):
    event = {
        "routeKey": "POST /requests",
        "headers": {"content-type": "application/json"},
        "body": '{"action":"leak"}',
        "requestContext": {
            "http": {},
            "authorizer": {
                "lambda": {"tenant": "acme", "owner": "ann", "expires": str(ANN.expires)}
            },
        },
    }

    answer = HttpAnswer.from_event(api.http_api.handle(event, lambda: 29_000, TRACE))

    assert (answer.status, answer.document["code"]) == (500, "PROCESSING_FAILED")
    assert answer.document["trace_id"] == "1-67891233-abcdef012345678912345678"
    assert SECRET not in answer.body


# --- bodies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (None, 415),
        ("", 400),
        ("{", 400),
        ("[]", 400),
        ("null", 400),
        ('"echo"', 400),
        ('{"action":NaN}', 400),
        ('{"action":"echo","payload":1e999}', 400),
        ('{"action":"echo","payload":' + "[" * 201 + "]" * 201 + "}", 400),
        (b'{"action":"\xff"}', 400),
        ("{}", 400),
        ('{"action":5}', 400),
        ('{"action":"echo","id":"a b"}', 400),
        ('{"action":"echo","metadata":[]}', 400),
        ('{"action":"echo","prefer":"later"}', 400),
        ('{"action":"job","webhook":5}', 400),
        ('{"action":"job","webhook":"http://a.example.com/"}', 400),
        ('{"action":"echo","webhook":"https://a.example.com/"}', 400),
        ('{"action":"count","payload":{"a":"b"}}', 400),
        ('{"action":"nothing"}', 404),
        ('{"action":"ping"}', 404),
        ('{"action":"guarded"}', 403),
        ('{"action":"echo","payload":"' + "a" * 1_000 + '"}', 413),
        ("[" * 1_001, 413),
    ],
)
def test_a_bad_body_is_refused(api: ObservedApi, body: str | bytes | None, status: int):
    headers = {} if body is None else {"content_type": "application/json"}

    answer = posted(api, body, **headers)

    assert (answer.status, is_problem(answer)) == (status, True)


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json; charset=utf-16",
        "application/jsön",
        "",
    ],
)
def test_a_body_that_is_not_json_is_not_read(api: ObservedApi, content_type: str):
    answer = posted(api, '{"action":"echo"}', content_type=content_type)

    assert (answer.status, answer.document["code"]) == (415, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON; charset=UTF-8", "application/vnd.me+json"],
)
def test_a_body_that_is_json_is_read(api: ObservedApi, content_type: str):
    assert posted(api, '{"action":"echo"}', content_type=content_type).status == 200


@pytest.mark.parametrize(
    "key", ["", '""', "a b", '"a', "a,b", '"a", "b"', "a" * 129, "ä", '"a"; x=1']
)
def test_a_bad_idempotency_key_is_refused(api: ObservedApi, key: str):
    answer = posted(api, {"action": "job"}, idempotency_key=key)

    assert (answer.status, "Idempotency-Key" in answer.document["detail"]) == (400, True)


def test_two_ids_that_differ_are_refused(api: ObservedApi):
    answer = posted(api, {"action": "job", "id": "r1"}, idempotency_key="r2")

    assert (answer.status, "Idempotency-Key" in answer.document["detail"]) == (400, True)
    assert api.aws.items("requests") == []


def test_two_reasons_that_differ_are_refused(api: ObservedApi):
    posted(api, {"action": "job", "id": "r1"})

    answer = api.http(ANN, "DELETE", "/requests/r1", body={"reason": "a"}, query={"reason": "b"})

    assert answer.status == 400
    assert not api.stored(ANN, "r1").is_terminal


# --- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "query", "named"),
    [
        ("/requests", "limit=0", "limit"),
        ("/requests", "limit=101", "limit"),
        ("/requests", "limit=5.0", "limit"),
        ("/requests", "limit=%31%30%30%30", "limit"),
        ("/requests", "limit=", "limit"),
        ("/requests", "limit=1&limit=1", "limit"),
        ("/requests", "limit=\u0661", "limit"),
        ("/requests", "state=DONE", "state"),
        ("/requests", "cursor=abc", "cursor"),
        ("/requests", f"cursor={'a' * 3_000}", "cursor"),
        ("/requests", "cursor=%5B%22x%22%2C%22y%22%5D", "cursor"),
        ("/requests", "page=2", "page"),
        ("/requests", "a=%zz", "query string"),
        ("/requests", "state=%ff", "query string"),
        ("/requests", "&".join(f"a{i}=1" for i in range(40)), "query string"),
        ("/requests/r1", "wait=21", "wait"),
        ("/requests/r1", "wait=-1", "wait"),
        ("/requests/r1", "wait=1e1", "wait"),
        ("/requests/r1", "after_seq=x", "after_seq"),
        ("/requests/r1", "wait=1;after_seq=1", "wait"),
        ("/actions", "x=1", "x"),
        ("/openapi.json", "x=1", "x"),
        ("/requests/a%20b", "", "request_id"),
        ("/requests/" + "a" * 129, "", "request_id"),
    ],
)
def test_what_is_wrong_in_an_address_is_named(api: ObservedApi, path: str, query: str, named: str):
    answer = api.http(ANN, "GET", path, query=query)

    assert (answer.status, is_problem(answer)) == (400, True)
    assert named in answer.document["detail"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("PUT", "/requests"), ("GET", "/requests/"), ("POST", "/requests/a/b/c")],
)
def test_an_unknown_address_is_not_found(api: ObservedApi, method: str, path: str):
    answer = api.http(ANN, method, path)

    assert (answer.status, answer.document["code"]) == (404, "NOT_FOUND")


def test_preferences_that_make_no_sense_are_ignored(api: ObservedApi):
    wishes = 'wait=soon, respond-async="x, handling=lenient;foo, =, ,,wait=5'

    answer = posted(api, {"action": "echo"}, prefer=wishes)

    assert answer.status == 200


# --- anything at all ------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
FRAMES = st.fixed_dictionaries(
    {},
    optional={
        "action": st.sampled_from(["echo", "job", "count", "leak", "guarded"]) | JSON,
        "id": st.text(max_size=5) | JSON,
        "payload": JSON,
        "metadata": JSON,
        "prefer": st.sampled_from(["sync", "async"]) | JSON,
        "webhook": st.text() | JSON,
    },
)


EVENTS = st.builds(
    lambda **parts: api_event(**parts),  # noqa: PLW0108 - it stands below
    route=st.sampled_from([*HttpRoute, "$default", "GET /x"]),
    request_id=st.text(max_size=5),
    query=st.text(max_size=40) | st.just("wait=1"),
    headers=st.dictionaries(
        st.sampled_from(["content-type", "prefer", "idempotency-key", "x"]),
        st.text(max_size=30) | st.just("application/json"),
    ),
    body=st.text() | st.binary() | FRAMES.map(json.dumps),
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(event=EVENTS)
def test_whatever_is_asked_there_is_an_answer(api: ObservedApi, event: dict[str, Any]):
    logging.disable(logging.CRITICAL)
    try:
        answer = HttpAnswer.from_event(api.http_api.handle(event, lambda: 29_000, TRACE))
    finally:
        logging.disable(logging.NOTSET)

    assert answer.status < 400 or is_problem(answer)
    assert answer.status != 500 or "leak" in event["body"]
    assert SECRET not in answer.body


def api_event(
    route: str, request_id: str, query: str, headers: dict[str, str], body: Any
) -> dict[str, Any]:
    binary = isinstance(body, bytes)
    return {
        "routeKey": route,
        "rawQueryString": query,
        "headers": headers,
        "pathParameters": {"request_id": request_id},
        "body": b64encode(body).decode() if binary else body,
        "isBase64Encoded": binary,
        "requestContext": {
            "http": {},
            "authorizer": {
                "lambda": {"tenant": "acme", "owner": "ann", "expires": str(ANN.expires)}
            },
        },
    }
