"""Chunks, uploads, inputs and large results over HTTP, and the entry point itself."""

from __future__ import annotations

import importlib
import sys
import types
from typing import Any

import pytest

from cdk_streamer_runtime import AsyncApp, Progress, assembly
from cdk_streamer_runtime.assembly import Assembly
from cdk_streamer_runtime.contract import RESULT_BYTES, HttpEnvironment
from cdk_streamer_runtime.memory.api import ENDPOINT, TABLE
from cdk_streamer_runtime.memory.http import http_event
from tests.runtime.api import ANN, BOB, ObservedApi

JSON = {"content-type": "application/json"}


@pytest.fixture
def api() -> ObservedApi:
    app = AsyncApp()

    @app.action("write", mode="async")
    def write(payload: int, progress: Progress) -> None:
        for number in range(payload):
            progress.chunk(f"line {number}")

    @app.action("large", mode="async")
    def large() -> str:
        return "x" * (RESULT_BYTES + 1)

    @app.action("ask", mode="async", executor="durable", timeout=86_400)
    def ask(progress: Progress) -> Any:
        return progress.ask({"type": "integer"}, prompt="How many?")

    return ObservedApi(app)


def submitted(api: ObservedApi, action: str, payload: object = None) -> None:
    api.http(ANN, "POST", "/requests", body={"action": action, "id": "r1", "payload": payload})
    api.settle()


def test_chunks_are_read_page_by_page(api: ObservedApi):
    submitted(api, "write", 5)

    first = api.http(ANN, "GET", "/requests/r1/chunks").document
    rest = api.http(ANN, "GET", "/requests/r1/chunks", query={"from": 3}).document

    assert [chunk["data"] for chunk in first["chunks"]] == [f"line {n}" for n in range(5)]
    assert [chunk["chunk_index"] for chunk in rest["chunks"]] == [3, 4]
    assert (first["state"], first["next"], first["attempt"]) == ("SUCCEEDED", None, 1)


def test_chunks_of_somebody_else_are_unknown(api: ObservedApi):
    submitted(api, "write", 1)

    assert api.http(BOB, "GET", "/requests/r1/chunks").status == 404


def test_a_request_that_asks_is_answered(api: ObservedApi):
    submitted(api, "ask")
    asking = api.http(ANN, "GET", "/requests/r1", query={"wait": 20}).document

    given = api.http(ANN, "POST", "/requests/r1/input", body={"value": 7})
    api.settle()

    assert (asking["state"], asking["input"]["prompt"]) == ("INPUT_REQUIRED", "How many?")
    assert (given.status, given.document["request_id"]) == (200, "r1")
    assert api.http(ANN, "GET", "/requests/r1").document["result"] == 7


@pytest.mark.parametrize(
    ("body", "status"),
    [({"value": "seven"}, 400), ({}, 400), ({"value": 7, "input_id": "another"}, 409)],
)
def test_an_input_that_does_not_fit_is_refused(api: ObservedApi, body: object, status: int):
    submitted(api, "ask")

    assert api.http(ANN, "POST", "/requests/r1/input", body=body).status == status


def test_a_request_that_asks_nothing_takes_no_input(api: ObservedApi):
    submitted(api, "write", 0)

    assert api.http(ANN, "POST", "/requests/r1/input", body={"value": 1}).status == 409


def test_the_entry_point_answers_as_api_gateway_expects(
    api: ObservedApi, monkeypatch: pytest.MonkeyPatch
):
    module = types.ModuleType("users_handlers")
    app = AsyncApp()
    app.action("echo")(lambda payload: payload)
    module.app = app  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "users_handlers", module)
    world = Assembly(aws=api.aws, platform=api.platform)
    monkeypatch.setattr(assembly, "in_lambda", lambda: world)
    settings = HttpEnvironment(
        name="api", table_name=TABLE.name, endpoint=ENDPOINT, entry_point="users_handlers:app"
    )
    for name, value in settings.to_variables().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delitem(sys.modules, "cdk_streamer_runtime.handlers.http", raising=False)
    entry_point = importlib.import_module("cdk_streamer_runtime.handlers.http")
    monkeypatch.delitem(sys.modules, "cdk_streamer_runtime.handlers.http")
    event = http_event(ANN, "POST", "/requests", body={"action": "echo", "payload": 5})

    class Context:
        @staticmethod
        def get_remaining_time_in_millis() -> int:
            return 29_000

    answer = entry_point.handler(event, Context())

    assert answer["statusCode"] == 200
    assert '"data":5' in answer["body"]


def test_a_large_result_is_an_address(api: ObservedApi):
    submitted(api, "large")

    ended = api.http(ANN, "GET", "/requests/r1").document

    assert ended["result_bytes"] == RESULT_BYTES + 3
    assert ended["result_url"].startswith("https://")
    assert "result" not in ended


def test_an_upload_has_an_address(api: ObservedApi):
    answer = api.http(ANN, "POST", "/uploads", body={"size": 5, "type": "text/csv"})

    assert (answer.status, answer.document["method"]) == (201, "PUT")


@pytest.mark.parametrize(
    ("body", "status"),
    [({"size": 5, "type": "csv"}, 400), ({"size": -1, "type": "text/csv"}, 400), ([], 400)],
)
def test_an_upload_of_nothing_known_is_refused(api: ObservedApi, body: object, status: int):
    assert api.http(ANN, "POST", "/uploads", body=body).status == status


def test_a_whole_number_may_be_written_with_a_point(api: ObservedApi):
    answer = api.http(ANN, "POST", "/uploads", body='{"size":5.0,"type":"text/csv"}', headers=JSON)

    assert answer.status == 201
