"""The OpenAPI document: valid, complete, and true of the function that it describes."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import pydantic
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.config import SchemathesisConfig

from cdk_streamer_runtime import AsyncApp
from cdk_streamer_runtime.contract import HttpRoute
from cdk_streamer_runtime.http.openapi import openapi
from cdk_streamer_runtime.keys import is_request_id
from tests.runtime.api import ANN, ObservedApi
from tests.runtime.http.wsgi import TOKEN, application

ROOT = Path(__file__).parents[3]


@dataclass
class Leaf:
    name: str


@dataclass
class Tree:
    """A class that holds itself, at the root of its schema."""

    leaf: Leaf
    branches: list[Tree]


class Report(pydantic.BaseModel, strict=True):
    """A model that refers to itself."""

    month: int
    kind: Literal["daily", "weekly"] = "daily"
    parts: list[Report] = []


class Order(msgspec.Struct):
    """A struct."""

    amount: int
    currency: Literal["EUR", "USD"] = "EUR"


def nothing(payload: Any) -> None:
    del payload


def new_app() -> AsyncApp:
    app = AsyncApp()
    app.action("echo")(lambda payload: payload)
    app.action("job", mode="async")(lambda payload: payload)
    app.action("either", mode=lambda _: "async")(lambda payload: payload)
    app.action("tree", input=Tree)(nothing)
    app.action("report", mode="async", input=Report)(nothing)
    app.action("order", mode="async", input=Order)(nothing)
    app.action("counts", input=dict[str, int])(lambda payload: payload)
    app.action("a/b", input=list[Leaf], scopes=["admin"])(nothing)
    app.action("a.b")(nothing)
    app.action("a:b", input=nothing)(nothing)
    return app


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi(new_app(), title="Shop", version="2")


def submission(document: dict[str, Any], body: Any) -> bool:
    """Tell whether a body is one that the document allows."""
    schema = {"$ref": "#/components/schemas/Submission", "components": document["components"]}
    return Draft202012Validator(schema).is_valid(body)


def test_the_document_is_valid(document: dict[str, Any]):
    OpenAPIV31SpecValidator(document).validate()


def test_the_document_of_an_app_without_actions_is_valid():
    empty = openapi(AsyncApp())

    OpenAPIV31SpecValidator(empty).validate()
    assert not submission(empty, {"action": "echo"})


def test_every_route_is_described(document: dict[str, Any]):
    described = {
        f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item
    }

    assert described == {route.value for route in HttpRoute}


def test_every_schema_is_a_schema_and_used(document: dict[str, Any]):
    schemas = document["components"]["schemas"]
    text = json.dumps(document)

    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    assert [name for name in schemas if f'"#/components/schemas/{name}"' not in text] == []


@pytest.mark.parametrize(
    "body",
    [
        {"action": "echo"},
        {"action": "echo", "payload": [1], "id": "r1", "metadata": {}, "prefer": "sync"},
        {"action": "job", "webhook": "https://a.example.com/"},
        {"action": "tree", "payload": {"leaf": {"name": "a"}, "branches": []}},
        {
            "action": "tree",
            "payload": {
                "leaf": {"name": "a"},
                "branches": [{"leaf": {"name": "b"}, "branches": []}],
            },
        },
        {"action": "report", "payload": {"month": 1, "parts": [{"month": 2}]}},
        {"action": "order", "payload": {"amount": 1, "currency": "USD"}},
        {"action": "counts"},
        {"action": "counts", "payload": {"a": 1}},
        {"action": "a/b", "payload": [{"name": "a"}]},
        {"action": "a.b"},
        {"action": "a:b", "payload": 5},
    ],
    ids=json.dumps,
)
def test_the_document_allows_what_the_function_takes(document: dict[str, Any], body: object):
    assert submission(document, body)
    assert accepted(body)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"action": "nothing"},
        {"action": "tree"},
        {"action": "tree", "payload": {"leaf": {"name": 1}, "branches": []}},
        {"action": "tree", "payload": {"leaf": {"name": "a"}, "branches": [{}]}},
        {"action": "report", "payload": {"month": 1, "parts": [{"month": "x"}]}},
        {"action": "order", "payload": {"amount": 1, "currency": "GBP"}},
        {"action": "counts", "payload": {"a": "1"}},
        {"action": "a/b"},
        {"action": "echo", "id": "a b"},
        {"action": "echo", "prefer": "later"},
        {"action": "job", "webhook": 5},
    ],
    ids=json.dumps,
)
def test_the_document_refuses_what_the_function_refuses(document: dict[str, Any], body: object):
    assert not submission(document, body)
    assert not accepted(body)


def accepted(body: object) -> bool:
    caller = ANN.__class__(
        tenant="acme", owner="ann", expires=ANN.expires, scopes=frozenset({"admin"})
    )
    return ObservedApi(new_app()).http(caller, "POST", "/requests", body=body).status < 300


def test_the_function_gives_the_document_of_its_app():
    served = ObservedApi(new_app()).http(ANN, "GET", "/openapi.json")

    assert (served.status, served.document) == (200, openapi(new_app()))


def test_the_document_can_be_printed(tmp_path: Path):
    (tmp_path / "handlers").mkdir()
    (tmp_path / "handlers" / "requests.py").write_text(
        "from cdk_streamer_runtime import AsyncApp\n"
        "app = AsyncApp()\n"
        "app.action('echo')(lambda payload: payload)\n"
    )

    command = [sys.executable, "-m", "cdk_streamer_runtime.http.openapi", "handlers.requests:app"]
    run = subprocess.run(
        [*command, "--title", "Shop", "--server", "https://api.example.com"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT / "runtime")},
        capture_output=True,
        text=True,
        check=True,
    )

    printed = json.loads(run.stdout)
    assert printed["info"] == {"title": "Shop", "version": "1"}
    assert printed["servers"] == [{"url": "https://api.example.com"}]
    assert "Submission.echo" in printed["components"]["schemas"]


# --- the function against its document ------------------------------------------------------------

API = ObservedApi(new_app())
API.http(ANN, "POST", "/requests", body={"action": "job", "id": "known"})
EXPECTED = [400, 401, 403, 404, 409, 413, 415]
CONFIG = SchemathesisConfig.from_dict(
    {
        "auth": {"openapi": {"bearer": {"bearer": TOKEN}}},
        # 413 refuses too.
        "checks": {"negative_data_rejection": {"expected-statuses": EXPECTED}},
        # API Gateway itself answers methods that no route has.
        "phases": {"coverage": {"unexpected-methods": []}},
    }
)
SCHEMA = schemathesis.openapi.from_dict(openapi(new_app(), server="/"), config=CONFIG)
SCHEMA.app = application(API)


@SCHEMA.hook
def map_path_parameters(context: Any, path_parameters: Any) -> Any:
    """Ask about a request that is there, in some of the cases."""
    del context
    request_id = (path_parameters or {}).get("request_id")
    return {"request_id": "known"} if is_known(request_id) else path_parameters


def is_known(request_id: object) -> bool:
    return is_request_id(request_id) and str(request_id) < "U"


@SCHEMA.hook
def filter_case(context: Any, case: Any) -> bool:
    """Leave out what a schema cannot forbid: ids that differ, a webhook of what is sync."""
    del context
    key = (case.headers or {}).get("Idempotency-Key")
    body: dict[str, Any] = case.body if isinstance(case.body, dict) else {}
    differ = key is not None and body.get("id") is not None and body["id"] != key
    return not differ and not (body.get("prefer") == "sync" and body.get("webhook"))


@SCHEMA.parametrize()
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_the_function_does_what_its_document_says(case: Any):
    case.call_and_validate()
