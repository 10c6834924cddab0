"""An author's own mistakes: the client still gets an answer, and learns nothing from it."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_streamer_runtime import ActionFailed, AsyncApp, DeadlineExceeded, Fatal, Retry, Retryable
from cdk_streamer_runtime.requests.inputs import InvalidInput
from cdk_streamer_runtime.testing import TestClient


def broken_rule(payload: Any) -> str:
    return payload["size"]


def broken_input(payload: Any) -> str:
    return payload["name"]


@pytest.fixture
def client() -> TestClient:
    app = AsyncApp()

    @app.action("ruled", mode=broken_rule)  # pyright: ignore[reportArgumentType]
    def ruled(payload: Any) -> Any:
        return payload

    @app.action("checked", input=broken_input)
    def checked(payload: Any) -> Any:
        return payload

    return TestClient(app)


@pytest.mark.parametrize("action", ["ruled", "checked"])
def test_a_mistake_before_the_handler_is_answered(client: TestClient, action: str):
    (answer,) = client.request(action, {"secret": 1})

    assert answer["error"]["code"] == "PROCESSING_FAILED"
    assert answer["request_id"] == "request-1"
    assert "secret" not in str(answer)


def test_a_number_that_no_float_can_hold_is_no_json(client: TestClient):
    client.send('{"action": "checked", "payload": 1e999}')

    assert client.messages[-1]["error"]["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize(
    "decided", [ActionFailed("no"), InvalidInput(()), DeadlineExceeded("late")], ids=repr
)
def test_what_is_decided_is_not_tried_again(decided: Exception):
    assert not Retry().allows(decided, attempt=1)


def test_what_is_decided_is_tried_again_when_the_author_names_it():
    assert Retry(on=(TimeoutError,)).allows(DeadlineExceeded("late"), attempt=1)
    assert Retry(on=(ActionFailed,)).allows(ActionFailed("no"), attempt=1)


def test_a_handler_has_the_last_word():
    assert Retry(on=()).allows(Retryable(), attempt=1)
    assert not Retry().allows(Fatal(), attempt=1)
