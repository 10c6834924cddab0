"""What surrounds every action: validate, execute and send, sync and async alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from cdk_streamer_runtime import ActionFailed, AsyncApp, Call, ErrorCode, Middleware
from cdk_streamer_runtime.contract import State
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.requests.actions import Action
from cdk_streamer_runtime.requests.inputs import Fault, InvalidInput
from cdk_streamer_runtime.sockets.connections import Connection
from tests.runtime.api import ANN, ObservedApi
from tests.runtime.observed_aws import refused_by
from tests.runtime.wire import faults

ACTIONS = ("echo", "job")


class Tracing(Middleware):
    """Notes every step that it surrounds."""

    def __init__(self, name: str, steps: list[str]) -> None:
        self.name = name
        self.steps = steps

    def validate(self, action: Action, payload: object, proceed: Callable[[object], None]) -> None:
        self.steps.append(f"{self.name} validates {action.name}")
        proceed(payload)
        self.steps.append(f"{self.name} has validated")

    def execute(self, call: Call, proceed: Callable[[Call], object]) -> object:
        self.steps.append(f"{self.name} executes {call.action.name}")
        result = proceed(call)
        self.steps.append(f"{self.name} has executed")
        return result

    def send(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        self.steps.append(f"{self.name} sends {message['type']}")
        return message


def new_api(*middleware: Middleware) -> tuple[ObservedApi, Connection]:
    app = AsyncApp(middleware=middleware)

    @app.action("echo")
    def echo(payload: Any) -> Any:
        return payload

    @app.action("job", mode="async")
    def job(payload: Any) -> Any:
        return payload

    api = ObservedApi(app)
    return api, api.connect(ANN)


def told(*middleware: Middleware, action: str, payload: object = 5) -> list[dict[str, Any]]:
    """Give what a client hears of one request, up to its end."""
    api, ann = new_api(*middleware)
    api.hear(ann, {"action": action, "id": "r1", "payload": payload})
    api.settle()
    return api.messages(ann)


# --- order ----------------------------------------------------------------------------------------


def test_the_first_middleware_is_the_outermost():
    steps: list[str] = []
    told(Tracing("outer", steps), Tracing("inner", steps), action="echo")

    assert steps == [
        "outer validates echo",
        "inner validates echo",
        "inner has validated",
        "outer has validated",
        "outer executes echo",
        "inner executes echo",
        "inner has executed",
        "outer has executed",
        "inner sends response",
        "outer sends response",
    ]


def test_an_async_action_is_surrounded_like_a_sync_one():
    steps: list[str] = []
    told(Tracing("outer", steps), action="job")

    assert steps == [
        "outer validates job",
        "outer has validated",
        "outer sends acknowledgment",
        "outer executes job",
        "outer has executed",
        "outer sends complete",
    ]


def test_middleware_that_overrides_nothing_changes_nothing():
    assert told(Middleware(), action="job") == told(action="job")


# --- validate -------------------------------------------------------------------------------------


class Quota(Middleware):
    def __init__(self, error: Exception) -> None:
        self.error = error

    def validate(self, action: Action, payload: object, proceed: Callable[[object], None]) -> None:
        del action, payload, proceed
        raise self.error


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ActionFailed("not today", code=ErrorCode.FORBIDDEN), "FORBIDDEN"),
        (InvalidInput((Fault(path="/a", message="is odd"),)), "VALIDATION_ERROR"),
        (KeyError("secret"), "PROCESSING_FAILED"),
    ],
)
def test_what_middleware_refuses_is_neither_run_nor_stored(
    action: str, error: Exception, code: str
):
    api, ann = new_api(Quota(error))
    (answer,) = api.ask(ann, {"action": action, "id": "r1"})

    assert answer["error"]["code"] == code
    assert "secret" not in str(answer)
    assert faults(answer) == []
    assert api.aws.items("requests") == []


def test_middleware_may_check_another_payload_than_the_one_that_was_sent():
    class Unwrapping(Middleware):
        def validate(
            self, action: Action, payload: object, proceed: Callable[[object], None]
        ) -> None:
            del action
            assert isinstance(payload, dict)
            proceed(payload["data"])

    app = AsyncApp(middleware=[Unwrapping()])
    app.action("sum", input=list[int])(sum)
    app.validate(app.find("sum"), {"data": [1, 2]})


# --- execute --------------------------------------------------------------------------------------


class Doubling(Middleware):
    def execute(self, call: Call, proceed: Callable[[Call], object]) -> object:
        return [proceed(replace(call, payload=[call.payload, call.payload]))]


@pytest.mark.parametrize(("action", "member"), [("echo", "data"), ("job", "result")])
def test_middleware_may_change_payload_and_result(action: str, member: str):
    assert told(Doubling(), action=action, payload=5)[-1][member] == [[5, 5]]


class Cached(Middleware):
    def execute(self, call: Call, proceed: Callable[[Call], object]) -> object:
        del call, proceed
        return "cached"


@pytest.mark.parametrize(("action", "member"), [("echo", "data"), ("job", "result")])
def test_middleware_may_answer_by_itself(action: str, member: str):
    assert told(Cached(), action=action)[-1][member] == "cached"


class Failing(Middleware):
    def execute(self, call: Call, proceed: Callable[[Call], object]) -> object:
        proceed(call)
        raise ActionFailed("too late", code=ErrorCode.CONFLICT)


@pytest.mark.parametrize("action", ACTIONS)
def test_what_middleware_raises_is_the_failure(action: str):
    assert told(Failing(), action=action)[-1]["error"]["code"] == "CONFLICT"


class Rescuing(Middleware):
    def execute(self, call: Call, proceed: Callable[[Call], object]) -> object:
        try:
            return proceed(call)
        except ZeroDivisionError:
            return "rescued"


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_middleware_may_catch_what_a_handler_raises(mode: Any):
    app = AsyncApp(middleware=[Rescuing()])

    @app.action("divide", mode=mode)
    def divide() -> float:
        return 1 / 0

    api = ObservedApi(app)
    ann = api.connect(ANN)
    api.hear(ann, {"action": "divide", "id": "r1"})
    api.settle()

    last = api.messages(ann)[-1]
    assert last.get("data", last.get("result")) == "rescued"


# --- send -----------------------------------------------------------------------------------------


class Redacting(Middleware):
    def send(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**message, "result": "***"} if message["type"] == "complete" else message


def test_middleware_may_change_what_is_sent_and_not_what_is_stored():
    api, ann = new_api(Redacting())
    api.hear(ann, {"action": "job", "id": "r1", "payload": "secret"})
    api.settle()

    assert api.messages(ann)[-1]["result"] == "***"
    assert api.stored(ANN, "r1").result == "secret"


class Forgetful(Middleware):
    def send(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        del message  # and forgets to return it
        return None  # type: ignore[return-value]


class Breaking(Middleware):
    def send(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        raise KeyError(str(message))


@pytest.mark.parametrize("middleware", [Forgetful(), Breaking()])
def test_a_request_ends_though_nothing_can_be_told_of_it(middleware: Middleware):
    api, ann = new_api(middleware)
    api.hear(ann, {"action": "job", "id": "r1"})
    api.settle()

    assert api.messages(ann) == []
    assert api.stored(ANN, "r1").state is State.SUCCEEDED


@pytest.mark.parametrize("middleware", [Forgetful(), Breaking()])
@pytest.mark.parametrize(
    ("frame", "request_id"),
    [
        ({"action": "echo", "id": "q"}, "q"),
        ({"action": "hello", "id": "q"}, "q"),
        ({"action": "get", "id": "q", "payload": {"request_id": "r1"}}, "q"),
        ({"action": "nothing", "id": "q"}, "q"),
        ("no frame", None),
    ],
)
def test_an_answer_that_cannot_be_sent_is_a_clean_error(
    middleware: Middleware, frame: Any, request_id: str | None
):
    api, ann = new_api(middleware)
    api.hear(ann, {"action": "job", "id": "r1"})

    (answer,) = api.ask(ann, frame)

    assert faults(answer) == []
    assert answer["request_id"] == request_id
    assert answer["error"] == {
        "code": "INTERNAL_ERROR",
        "message": "the answer could not be sent",
        "retryable": False,
    }


def test_an_answer_that_middleware_made_too_large_is_a_clean_error():
    api, ann = new_api(Bloating())

    (answer,) = api.ask(ann, {"action": "echo", "id": "q"})

    assert (answer["type"], answer["error"]["code"]) == ("error", "INTERNAL_ERROR")


class Bloating(Middleware):
    def send(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**message, "padding": "x" * 131_072}


@pytest.mark.parametrize("middleware", [Forgetful(), Breaking()])
def test_an_accepted_request_is_not_called_failed_when_nothing_can_be_told_of_it(
    middleware: Middleware,
):
    api, ann = new_api(middleware)

    assert api.ask(ann, {"action": "job", "id": "r1"}) == []
    assert api.ask(ann, {"action": "job", "id": "r1"}) == []


def test_an_answer_that_got_lost_on_its_way_is_not_sent_again():
    api, ann = new_api(Middleware())
    api.observed.on("POST", refused_by(AwsError("InternalServerErrorException", "", 500, "POST")))

    assert api.ask(ann, {"action": "echo", "id": "q"}) == []
    assert api.observed.counts["POST"] == 1
