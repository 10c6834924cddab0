"""One frame in, its answers out: for the app's own actions, and for whatever else is said."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from cdk_streamer_runtime import (
    ActionFailed,
    AsyncApp,
    ErrorCode,
    Progress,
    RequestContext,
)
from cdk_streamer_runtime.contract import RESERVED_ACTIONS, Metric, State
from cdk_streamer_runtime.errors import AccessDenied, AwsError, Throttled, Unreachable
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.sockets.connections import Caller, Connection
from tests.runtime.api import ANN, EVE, ObservedApi
from tests.runtime.observed_aws import after, answer_lost, refused_by, repeated
from tests.runtime.wire import faults

SECRET = "the password is swordfish"


@dataclass
class Order:
    amount: int


def new_app(**options: Any) -> AsyncApp:
    app = AsyncApp(**options)

    @app.action("echo")
    def echo(payload: Any) -> Any:
        return payload

    @app.action("job", mode="async")
    def job(payload: Any, progress: Progress) -> Any:
        progress.report(50, "half")
        return payload

    @app.action("either", mode=lambda payload: "async" if payload.get("deep") else "sync")
    def either(payload: Any, context: RequestContext) -> Any:
        return {"payload": payload, "attempt": context.attempt}

    @app.action("order", mode="async", input=Order)
    def order(payload: Order) -> int:
        return payload.amount

    @app.action("guarded", scopes=["write", "admin"])
    def guarded() -> str:
        return "done"

    @app.action("leak")
    def leak(payload: Any) -> None:
        raise RuntimeError(SECRET)

    @app.action("refuse")
    def refuse(payload: Any) -> None:
        raise ActionFailed("no", code=ErrorCode.CONFLICT, details={"limit": 5})

    @app.action("context")
    def context(payload: Any, context: RequestContext) -> dict[str, Any]:
        return {
            "request_id": context.request_id,
            "tenant": context.tenant,
            "owner": context.owner,
            "deadline": context.deadline,
            "metadata": dict(context.metadata),
        }

    return app


@pytest.fixture
def api() -> ObservedApi:
    return ObservedApi(new_app())


@pytest.fixture
def ann(api: ObservedApi) -> Connection:
    return api.connect(ANN)


def error_of(answers: list[dict[str, Any]]) -> dict[str, Any]:
    (answer,) = answers
    assert faults(answer) == []
    return answer["error"]


# --- sync actions ---------------------------------------------------------------------------------


def test_a_sync_action_is_answered_at_once(api: ObservedApi, ann: Connection):
    (answer,) = api.ask(ann, {"action": "echo", "id": "r1", "payload": {"a": [1]}})

    assert answer == {
        "type": "response",
        "id": "r1",
        "request_id": "r1",
        "action": "echo",
        "success": True,
        "data": {"a": [1]},
        "timestamp": "2023-11-14T22:13:20.000Z",
    }


def test_a_sync_action_leaves_nothing_behind(api: ObservedApi, ann: Connection):
    api.ask(ann, {"action": "echo", "id": "r1"})

    assert api.observed.calls == ["POST"]
    assert api.aws.items("requests") == []


def test_a_sync_action_runs_every_time_it_is_asked(api: ObservedApi, ann: Connection):
    answers = [api.ask(ann, {"action": "echo", "id": "r1", "payload": n})[0] for n in (1, 2)]

    assert [answer["data"] for answer in answers] == [1, 2]


def test_a_sync_action_without_id_is_answered_without_id(api: ObservedApi, ann: Connection):
    (answer,) = api.ask(ann, {"action": "echo"})

    assert (answer["id"], answer["data"]) == (None, {})
    assert faults(answer) == []


def test_the_context_tells_who_asks_and_what_beside_the_payload(api: ObservedApi, ann: Connection):
    frame = {"action": "context", "id": "r1", "metadata": {"screen": "a"}}
    (answer,) = api.ask(ann, frame)

    assert answer["data"] == {
        "request_id": "r1",
        "tenant": "acme",
        "owner": "ann",
        "deadline": START + 25_000,
        "metadata": {"screen": "a"},
    }


def test_an_exception_in_a_sync_handler_tells_the_client_nothing(api: ObservedApi, ann: Connection):
    (answer,) = api.ask(ann, {"action": "leak", "id": "r1"})

    assert (answer["type"], answer["success"]) == ("response", False)
    assert answer["error"]["code"] == "PROCESSING_FAILED"
    assert SECRET not in json.dumps(answer)
    assert faults(answer) == []


def test_an_action_may_say_why_it_failed(api: ObservedApi, ann: Connection):
    assert error_of(api.ask(ann, {"action": "refuse", "id": "r1"})) == {
        "code": "CONFLICT",
        "message": "no",
        "retryable": False,
        "details": {"limit": 5},
    }


def test_a_result_that_is_too_large_is_an_error(api: ObservedApi, ann: Connection):
    error = error_of(api.ask(ann, {"action": "echo", "payload": "a" * 103_000}))

    assert error["code"] == "PAYLOAD_TOO_LARGE"


# --- async actions --------------------------------------------------------------------------------


def test_an_async_action_is_acknowledged_and_then_done(api: ObservedApi, ann: Connection):
    api.hear(ann, {"action": "job", "id": "r1", "payload": 5})
    api.settle()

    told = [(message["type"], message["seq"]) for message in api.messages(ann)]
    assert told == [("acknowledgment", 0), ("progress", 1), ("complete", 2)]
    assert [fault for message in api.messages(ann) for fault in faults(message)] == []


def test_a_request_without_id_gets_one(api: ObservedApi, ann: Connection):
    (first,) = api.ask(ann, {"action": "job"})
    (second,) = api.ask(ann, {"action": "job"})

    assert first["request_id"] != second["request_id"]
    assert faults(first) == []


def test_a_payload_is_checked_before_anything_is_stored(api: ObservedApi, ann: Connection):
    error = error_of(api.ask(ann, {"action": "order", "payload": {"amount": "many"}}))

    assert error["code"] == "VALIDATION_ERROR"
    assert error["details"][0]["path"] == "/amount"
    assert api.aws.items("requests") == []


def test_the_same_id_and_body_are_the_same_request(api: ObservedApi, ann: Connection):
    frame = {"action": "job", "id": "r1", "payload": {"a": 1, "b": 2}}
    api.hear(ann, frame)
    api.settle()
    again = api.ask(ann, {**frame, "payload": {"b": 2, "a": 1}})

    assert [message["type"] for message in again] == ["acknowledgment", "snapshot"]
    assert again[1]["result"] == {"a": 1, "b": 2}
    assert [fault for message in again for fault in faults(message)] == []


def test_a_repeated_request_is_executed_once(api: ObservedApi, ann: Connection):
    for _ in range(3):
        api.hear(ann, {"action": "job", "id": "r1"})
    api.wait(3_600_000)

    progress = [message for message in api.messages(ann) if message["type"] == "progress"]
    assert len(progress) == 1
    assert api.counted.counts[Metric.REQUESTS_QUEUED] == 1


def test_who_repeats_a_request_on_another_connection_hears_of_it(api: ObservedApi, ann: Connection):
    api.hear(ann, {"action": "job", "id": "r1"})
    other = api.connect(ANN)
    api.hear(other, {"action": "job", "id": "r1"})
    api.settle()

    assert api.messages(other)[-1]["type"] == "complete"


def test_the_same_id_with_another_body_is_a_conflict(api: ObservedApi, ann: Connection):
    api.hear(ann, {"action": "job", "id": "r1", "payload": 1})

    error = error_of(api.ask(ann, {"action": "job", "id": "r1", "payload": 2}))
    assert (error["code"], error["retryable"]) == ("CONFLICT", False)


def test_the_same_id_with_another_action_is_a_conflict(api: ObservedApi, ann: Connection):
    api.hear(ann, {"action": "job", "id": "r1", "payload": {"amount": 1}})

    error = error_of(api.ask(ann, {"action": "order", "id": "r1", "payload": {"amount": 1}}))
    assert error["code"] == "CONFLICT"


def test_a_conflict_tells_nothing_of_the_first_request(api: ObservedApi, ann: Connection):
    api.hear(ann, {"action": "job", "id": "r1", "payload": SECRET})

    assert SECRET not in json.dumps(api.ask(ann, {"action": "job", "id": "r1"}))


def test_a_submission_whose_answer_got_lost_is_acknowledged_once(api: ObservedApi, ann: Connection):
    api.observed.on("TransactWriteItems", repeated)
    answers = api.ask(ann, {"action": "job", "id": "r1"})

    assert [answer["type"] for answer in answers] == ["acknowledgment"]
    assert api.counted.counts[Metric.REQUESTS_QUEUED] == 1


def test_a_repeated_request_is_acknowledged_though_nobody_else_may_subscribe(
    api: ObservedApi, ann: Connection
):
    api.hear(ann, {"action": "job", "id": "r1"})
    for _ in range(19):
        api.hear(api.connect(ANN), {"action": "subscribe", "payload": {"request_id": "r1"}})
    answers = api.ask(api.connect(ANN), {"action": "job", "id": "r1"})

    assert [answer["type"] for answer in answers] == ["acknowledgment", "snapshot"]


# --- modes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "prefer", "kind"),
    [
        ({}, None, "response"),
        ({"deep": True}, None, "acknowledgment"),
        ({}, "async", "acknowledgment"),
        ({"deep": True}, "sync", "response"),
    ],
)
def test_where_the_author_left_a_choice_the_client_decides(
    api: ObservedApi, ann: Connection, payload: Any, prefer: str | None, kind: str
):
    (answer,) = api.ask(ann, {"action": "either", "payload": payload, "prefer": prefer})

    assert answer["type"] == kind


@pytest.mark.parametrize(
    ("action", "prefer", "kind"), [("echo", "async", "response"), ("job", "sync", "acknowledgment")]
)
def test_where_the_author_left_no_choice_the_wish_is_ignored(
    api: ObservedApi, ann: Connection, action: str, prefer: str, kind: str
):
    (answer,) = api.ask(ann, {"action": action, "prefer": prefer})

    assert answer["type"] == kind


def test_an_action_of_both_modes_has_no_more_time_than_a_sync_one_when_it_is_answered_at_once():
    app = AsyncApp()

    @app.action("either", mode=lambda _payload: "sync", timeout=600)
    def either(payload: Any, context: RequestContext) -> int:
        return context.deadline

    api = ObservedApi(app)
    (answer,) = api.ask(api.connect(ANN), {"action": "either"})
    assert answer["data"] == START + 25_000


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["nothing", "", "a" * 10_000, "Echo", "\ud800"])
def test_an_unknown_action_is_named_in_few_words(api: ObservedApi, ann: Connection, action: str):
    error = error_of(api.ask(ann, {"action": action, "id": "r1"}))

    assert error["code"] == "INVALID_ACTION"
    assert len(error["message"]) < 120


def test_an_action_needs_all_of_its_scopes(api: ObservedApi):
    caller = Caller(tenant="acme", owner="ann", expires=ANN.expires, scopes=frozenset({"write"}))
    error = error_of(api.ask(api.connect(caller), {"action": "guarded"}))

    assert error["code"] == "FORBIDDEN"
    assert "admin" in error["message"]
    assert "write" not in error["message"]


def test_who_has_all_scopes_is_admitted(api: ObservedApi):
    scopes = frozenset({"write", "admin", "more"})
    caller = Caller(tenant="acme", owner="ann", expires=ANN.expires, scopes=scopes)

    assert api.ask(api.connect(caller), {"action": "guarded"})[0]["data"] == "done"


def test_scopes_are_asked_for_before_the_payload_is_looked_at():
    app = AsyncApp()

    @app.action("order", input=Order, scopes=["write"])
    def order(payload: Order) -> int:
        return payload.amount

    api = ObservedApi(app)
    error = error_of(api.ask(api.connect(ANN), {"action": "order", "payload": "garbage"}))
    assert error["code"] == "FORBIDDEN"


def test_a_message_above_the_apps_own_limit_is_too_large():
    api = ObservedApi(new_app(max_message_bytes=100))
    ann = api.connect(ANN)
    (answer,) = api.ask(ann, {"action": "echo", "id": "r1", "payload": "ä" * 50})

    assert answer["error"]["code"] == "PAYLOAD_TOO_LARGE"
    assert answer["request_id"] == "r1"
    assert faults(answer) == []


def test_a_message_at_the_apps_own_limit_is_taken():
    api = ObservedApi(new_app(max_message_bytes=100))
    frame = json.dumps({"action": "echo", "payload": ""})
    padded = frame[:-2] + "a" * (100 - len(frame)) + frame[-2:]
    (answer,) = api.ask(api.connect(ANN), padded)

    assert answer["success"] is True


# --- tokens that have ended -----------------------------------------------------------------------


def test_after_its_token_has_ended_a_connection_is_closed(api: ObservedApi, ann: Connection):
    api.platform.now = ANN.expires * 1000
    error = error_of(api.ask(ann, {"action": "echo", "id": "r1"}))

    assert (error["code"], error["retryable"]) == ("UNAUTHORIZED", True)
    assert not api.aws.connections.is_open(ann.id)


def test_before_its_token_has_ended_a_connection_is_served(api: ObservedApi, ann: Connection):
    api.platform.now = ANN.expires * 1000 - 1

    assert api.ask(ann, {"action": "echo"})[0]["success"] is True


def test_what_an_expired_caller_says_is_not_even_read(api: ObservedApi, ann: Connection):
    api.platform.now = ANN.expires * 1000
    api.hear(ann, "garbage")

    assert api.messages(ann)[-1]["error"]["code"] == "UNAUTHORIZED"


def test_closing_a_connection_that_is_gone_is_harmless(api: ObservedApi, ann: Connection):
    api.aws.connections.close(ann.id)
    api.platform.now = ANN.expires * 1000
    api.hear(ann, {"action": "echo"})

    assert api.observed.calls == ["POST", "DELETE"]


@pytest.mark.parametrize("status", [429, 500])
def test_a_connection_that_could_not_be_closed_is_closed_the_next_time(
    api: ObservedApi, ann: Connection, status: int
):
    api.platform.now = ANN.expires * 1000
    api.observed.on("DELETE", refused_by(AwsError("Any", "", status, "DELETE")))
    api.hear(ann, {"action": "echo"})
    api.hear(ann, {"action": "echo"})

    assert not api.aws.connections.is_open(ann.id)


# --- AWS out of reach -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("Timeout", SECRET, 0, "TransactWriteItems"),
        Throttled("ThrottlingException", SECRET, 400, "TransactWriteItems"),
        AccessDenied("AccessDeniedException", SECRET, 400, "TransactWriteItems"),
        AwsError("InternalServerError", SECRET, 500, "TransactWriteItems"),
    ],
)
def test_an_aws_error_is_an_internal_error_that_may_pass(
    api: ObservedApi, ann: Connection, error: AwsError
):
    api.observed.on("TransactWriteItems", refused_by(error))
    (answer,) = api.ask(ann, {"action": "job", "id": "r1"})

    assert (answer["request_id"], answer["error"]["code"]) == ("r1", "INTERNAL_ERROR")
    assert (answer["error"]["retryable"], answer["error"]["retry_after_ms"]) == (True, 1_000)
    assert SECRET not in json.dumps(answer)
    assert faults(answer) == []


def test_a_request_that_was_stored_unheard_is_found_when_it_is_repeated(
    api: ObservedApi, ann: Connection
):
    api.observed.on("TransactWriteItems", answer_lost)
    api.hear(ann, {"action": "job", "id": "r1"})
    api.hear(ann, {"action": "job", "id": "r1"})
    api.settle()

    kinds = [message["type"] for message in api.messages(ann)]
    assert kinds == ["error", "acknowledgment", "snapshot", "progress", "complete"]


def test_an_answer_to_a_connection_that_is_gone_is_dropped(api: ObservedApi, ann: Connection):
    api.aws.connections.close(ann.id)
    api.hear(ann, {"action": "job", "id": "r1"})
    api.settle()

    assert api.stored(ANN, "r1").state is State.SUCCEEDED


def test_who_cancels_while_a_worker_claims_asks_the_worker(api: ObservedApi, ann: Connection):
    api.hear(ann, {"action": "job", "id": "r1"})
    api.dispatch()
    api.observed.on("UpdateItem", after(api.work))
    answers = api.ask(ann, {"action": "cancel", "id": "q", "payload": {"request_id": "r1"}})

    assert answers[-1]["data"]["state"] == "SUCCEEDED"


def test_a_trace_is_named_in_errors_by_its_root(api: ObservedApi, ann: Connection):
    header = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1"
    api.conversation.hear(ann, '{"action":"nothing"}', header)

    trace = api.messages(ann)[-1]["error"]["trace_id"]
    assert trace == "1-67891233-abcdef012345678912345678"


# --- anything at all ------------------------------------------------------------------------------

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["r1", "r2", "nightly", "QUEUED", "SUCCEEDED", '["a","b"]', "r" * 200])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
ARGUMENTS = st.sampled_from(
    ["request_id", "channel", "after_seq", "reason", "state", "limit", "cursor", "actions", "deep"]
)
ACTIONS = st.sampled_from(
    [*sorted(RESERVED_ACTIONS), "echo", "job", "either", "order", "guarded", "leak", "refuse"]
)
FRAMES = st.fixed_dictionaries(
    {"action": ACTIONS | VALUES},
    optional={
        "id": st.sampled_from(["r1", "r2"]) | VALUES,
        "payload": st.dictionaries(ARGUMENTS, VALUES) | VALUES,
        "metadata": VALUES,
        "prefer": st.sampled_from(["sync", "async"]) | VALUES,
    },
)
CALLERS = st.sampled_from([0, 1])


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(CALLERS, FRAMES), max_size=8))
def test_any_frame_of_any_caller_is_answered_by_the_protocol(frames: list[tuple[int, Any]]):
    api = ObservedApi(new_app())
    connections = [api.connect(ANN), api.connect(EVE)]
    for number, frame in frames:
        answers = api.ask(connections[number], json.dumps(frame))
        assert answers
        assert [fault for answer in answers for fault in faults(answer)] == []
    api.settle()

    told = [message for connection in connections for message in api.messages(connection)]
    assert [fault for message in told for fault in faults(message)] == []
    assert SECRET not in json.dumps(told)


@settings(max_examples=100)
@given(st.text(st.characters()) | st.binary().map(lambda data: data.decode("utf-8", "replace")))
def test_any_text_is_answered_by_one_error(text: str):
    api = ObservedApi(new_app())
    (answer,) = api.ask(api.connect(ANN), text)

    assert answer["error"]["code"] in {"VALIDATION_ERROR", "INVALID_ACTION"}
    assert faults(answer) == []


@settings(max_examples=50)
@given(
    st.sampled_from(["subscribe", "unsubscribe", "get", "cancel"]),
    st.fixed_dictionaries({}, optional={"after_seq": VALUES, "reason": VALUES}),
)
def test_anothers_request_is_unknown_whatever_is_asked_of_it(action: str, arguments: Any):
    api = ObservedApi(new_app())
    api.hear(api.connect(ANN), {"action": "job", "id": "r1"})
    eve = api.connect(EVE)

    real, unknown = (
        api.ask(eve, json.dumps({"action": action, "payload": {**arguments, "request_id": name}}))
        for name in ("r1", "r2")
    )
    assert real == unknown
