"""Every error code over HTTP: its status, and a problem document beside it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cdk_streamer_runtime.contract import ErrorCode
from tests.end_to_end.app.handlers.requests import SECRET
from tests.end_to_end.forgery import FORGERIES
from tests.end_to_end.web import Answer

Provocation = Callable[[pytest.FixtureRequest], Answer]


def _posting(action: str, payload: object = None) -> Provocation:
    return lambda request: request.getfixturevalue("web").post(action, payload)


def _saying(content: bytes, **headers: str) -> Provocation:
    return lambda request: request.getfixturevalue("web").say(
        "POST", "/requests", content, headers=headers
    )


def _asking(method: str, path: str, **query: object) -> Provocation:
    return lambda request: request.getfixturevalue("web").ask(method, path, **query)


def _conflict(request: pytest.FixtureRequest) -> Answer:
    web = request.getfixturevalue("web")
    web.submit("count", {"steps": 1}, id="taken")
    return web.post("count", {"steps": 2}, id="taken")


def _hurried(request: pytest.FixtureRequest) -> Answer:
    web = request.getfixturevalue("web")
    answers = (web.post("hurry") for _ in range(20))
    return next(answer for answer in answers if answer.status != 200)


def _expired(request: pytest.FixtureRequest) -> Answer:
    """Ask with a token that ends while API Gateway still remembers who it is for."""
    web = request.getfixturevalue("call")(lifetime=2)
    while (answer := web.ask("GET", "/actions")).status == 200:
        pass
    return answer


def _without_table(request: pytest.FixtureRequest) -> Answer:
    with request.getfixturevalue("locked_table")("Api/Http/Handler"):
        return request.getfixturevalue("web").ask("GET", "/requests/any")


PROVOCATIONS: dict[str, tuple[ErrorCode, int, Provocation]] = {
    "no JSON": (ErrorCode.VALIDATION_ERROR, 400, _saying(b"{")),
    "no object": (ErrorCode.VALIDATION_ERROR, 400, _saying(b"[]")),
    "another media type": (
        ErrorCode.VALIDATION_ERROR,
        415,
        _saying(b"action=echo", **{"Content-Type": "application/x-www-form-urlencoded"}),
    ),
    "a key that is none": (
        ErrorCode.VALIDATION_ERROR,
        400,
        _saying(b'{"action":"echo"}', **{"Idempotency-Key": '"a b"'}),
    ),
    "an id that is none": (ErrorCode.VALIDATION_ERROR, 400, _asking("GET", "/requests/a%20b")),
    "an input that lacks a member": (ErrorCode.VALIDATION_ERROR, 400, _posting("greet", {})),
    "a wait beyond the limit": (
        ErrorCode.VALIDATION_ERROR,
        400,
        _asking("GET", "/requests/any", wait=21),
    ),
    "a parameter that is none": (ErrorCode.VALIDATION_ERROR, 400, _asking("GET", "/requests", a=1)),
    "a state that is none": (
        ErrorCode.VALIDATION_ERROR,
        400,
        _asking("GET", "/requests", state="LOST"),
    ),
    "a cursor that is none": (
        ErrorCode.VALIDATION_ERROR,
        400,
        _asking("GET", "/requests", cursor="{}"),
    ),
    "an unknown action": (ErrorCode.INVALID_ACTION, 404, _posting("fly")),
    "a token that has expired": (ErrorCode.UNAUTHORIZED, 401, _expired),
    "a scope that is missing": (ErrorCode.FORBIDDEN, 403, _posting("administer")),
    "an unknown request": (ErrorCode.NOT_FOUND, 404, _asking("GET", "/requests/never-used")),
    "an id with another body": (ErrorCode.CONFLICT, 409, _conflict),
    "a rate that is exceeded": (ErrorCode.RATE_LIMITED, 429, _hurried),
    "a body above the limit": (ErrorCode.PAYLOAD_TOO_LARGE, 413, _posting("echo", "x" * 21_000)),
    "a sync action above its timeout": (ErrorCode.TIMEOUT, 504, _posting("dawdle")),
    "a sync action that somebody cancels": (ErrorCode.CANCELLED, 409, _posting("abandon")),
    "an exception of a sync handler": (ErrorCode.PROCESSING_FAILED, 500, _posting("break")),
    "a table out of reach": (ErrorCode.INTERNAL_ERROR, 503, _without_table),
}


def test_every_error_code_is_provoked():
    assert {code for code, _, _ in PROVOCATIONS.values()} == set(ErrorCode)


@pytest.mark.parametrize("name", PROVOCATIONS)
def test_a_problem_has_its_code_and_status(request, name):
    code, status, provoke = PROVOCATIONS[name]

    answer = provoke(request)

    assert (answer.status, answer.problem["code"]) == (status, code)
    assert SECRET not in str(answer.document)


def test_a_bad_input_is_told_member_by_member(web):
    details = web.post("greet", {"name": 1, "times": "often"}).problem["details"]

    assert {fault["path"] for fault in details} == {"/name", "/times"}


def test_what_a_handler_may_tell_is_told(web):
    problem = web.post("refuse").problem

    assert problem["detail"] == "the shop is closed"
    assert problem["details"] == {"opens": "Monday"}


def test_a_failed_request_is_read_with_its_error(web):
    ended = web.finish(web.submit("refuse_later"))

    assert (ended["state"], ended["error"]["message"]) == ("FAILED", "the shop is closed")


def test_an_expired_token_is_told_what_to_bring(request):
    answer = _expired(request)

    assert answer.headers["www-authenticate"].startswith("Bearer")


# --- who may not come in --------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORGERIES)
def test_a_bad_token_is_refused(deployment, name):
    answer = deployment.web(FORGERIES[name](deployment)).ask("GET", "/actions")

    assert answer.status in {401, 403}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/requests"),
        ("GET", "/requests"),
        ("GET", "/requests/any"),
        ("DELETE", "/requests/any"),
        ("GET", "/requests/any/chunks"),
        ("POST", "/requests/any/input"),
        ("POST", "/uploads"),
        ("POST", "/tickets"),
        ("GET", "/actions"),
        ("GET", "/openapi.json"),
    ],
)
def test_no_route_is_open_without_a_token(deployment, method, path):
    assert deployment.web(None).ask(method, path).status == 401


def test_all_refusals_look_the_same(deployment):
    answers = [
        deployment.web(forge(deployment)).ask("GET", "/actions") for forge in FORGERIES.values()
    ]

    assert len({(answer.status, str(answer.document)) for answer in answers}) == 1


@pytest.mark.parametrize("stranger", [{"sub": "eve"}, {"sub": "ann", "tenant": "initech"}])
@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("DELETE", ""), ("GET", "/chunks"), ("POST", "/input")]
)
def test_a_request_of_somebody_else_answers_as_an_unknown_one(call, stranger, method, path):
    body = {"value": 1} if method == "POST" else None
    request_id = (
        call(sub="ann").post("count", {"steps": 1}, Prefer="wait=20").document["request_id"]
    )
    web = call(**stranger)

    known = web.ask(method, f"/requests/{request_id}{path}", body).problem
    unknown = web.ask(method, f"/requests/never-used{path}", body).problem

    ignored = {"trace_id": "", "request_id": ""}
    assert known["status"] == 404
    assert known | ignored == unknown | ignored


def test_the_list_has_nothing_of_others(call):
    call(sub="ann").submit("count", {"steps": 1})

    assert call(sub="mallory").ask("GET", "/requests").document["requests"] == []


def test_a_cursor_of_another_owner_shows_nothing_of_that_owner(call):
    ann, mallory = call(sub="ann"), call(sub="mallory")
    for number in range(2):
        ann.submit("count", {"steps": 1}, id=f"hers-{number}")
    cursor = ann.ask("GET", "/requests", limit=1).document["cursor"]

    answer = mallory.ask("GET", "/requests", cursor=cursor)

    assert "hers" not in str(answer.document)


def test_the_same_key_belongs_to_each_owner_alone(call):
    first, second = call(sub="ann"), call(sub="bob")
    first.submit("count", {"steps": 1}, id="mine")
    second.submit("count", {"steps": 2}, id="mine")

    counted = [web.finish("mine")["result"]["counted"] for web in (first, second)]

    assert counted == [1, 2]


def test_a_scope_opens_what_needs_it(call):
    assert call(scopes=("admin", "other")).post("administer").document["data"] == "done"
