"""The OpenAPI document of the timers' API: valid, complete, and true of the function."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, unquote

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.config import SchemathesisConfig

from cdk_streamer_runtime.contract import ErrorCode
from cdk_streamer_runtime.contract.timers import TimerRoute
from cdk_streamer_runtime.exchange import PROBLEM_JSON
from cdk_streamer_runtime.timers.rest.body import is_timer_id
from cdk_streamer_runtime.timers.rest.openapi import main, openapi
from cdk_streamer_runtime.timers.rest.problems import stated
from tests.runtime.timers.rest import Rest

DOCUMENT = openapi(title="Polls", version="2", server="/")
HOURLY = {"schedule": {"every": 3_600, "phase": 0}}


def is_described(name: str, body: Any) -> bool:
    """Tell whether a body is one that the document allows."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    return Draft202012Validator(schema).is_valid(body)


def test_the_document_is_valid():
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_every_route_is_described():
    described = {
        f"{method.upper()} {path}" for path, item in DOCUMENT["paths"].items() for method in item
    }

    assert described == {route.value for route in TimerRoute}


def test_every_schema_is_a_schema_and_used():
    schemas = DOCUMENT["components"]["schemas"]
    text = json.dumps(DOCUMENT)

    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    assert [name for name in schemas if f'"#/components/schemas/{name}"' not in text] == []


def test_the_document_can_be_printed(capsys: pytest.CaptureFixture[str]):
    main(["--title", "Polls", "--version", "2", "--server", "/"])

    assert json.loads(capsys.readouterr().out) == DOCUMENT


@pytest.mark.parametrize(
    "body",
    [
        HOURLY,
        {"schedule": {"every": 5, "phase": None, "cron": None}, "data": [1], "jitter": None},
        {"schedule": {"cron": "0 9 * * *", "timezone": "Europe/Berlin"}, "misfire": "skip"},
        {**HOURLY, "misfire": {"grace": 5}, "state": "ENDED", "created_at": 5},
        {"timerCallbackData": 1},
        {"timerCallbackData": {}, "minuteOfHour": 7, "owner": "ann"},
        {"timerCallbackData": {}, "schedule": {"every": 60, "phase": 1}, "shardId": "5"},
    ],
    ids=json.dumps,
)
def test_the_document_allows_what_the_function_takes(body: object):
    assert is_described("Wanted", body)
    assert Rest().put("poll", body).status == 201


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"schedule": {}},
        {"schedule": {"every": 5, "at": "2026-12-01T09:00:00Z"}},
        {"schedule": {"every": 5, "timezone": "UTC"}},
        {**HOURLY, "jitter": {}},
        {**HOURLY, "retries": 5},
        {**HOURLY, "minuteOfHour": 5},
        {"minuteOfHour": 5},
        {**HOURLY, "owner": ""},
        {**HOURLY, "start": "now"},
    ],
    ids=json.dumps,
)
def test_the_document_refuses_what_the_function_refuses(body: object):
    assert not is_described("Wanted", body)
    assert Rest().put("poll", body).status == 422


# --- the function against its document ------------------------------------------------------------

SIGNED = "signed"
REST = Rest()
REST.put("known", HOURLY)


def application(environ: dict[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
    """Serve the API over WSGI, behind a gateway that lets in who shows SIGNED."""
    if environ.get("HTTP_AUTHORIZATION") != SIGNED:
        refused = stated(HTTPStatus.UNAUTHORIZED, ErrorCode.UNAUTHORIZED, "who are you?")
        start("401 Unauthorized", [("content-type", PROBLEM_JSON)])
        return [json.dumps(refused).encode()]
    headers = {
        name.removeprefix("HTTP_").replace("_", "-"): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or name == "CONTENT_TYPE"
    }
    length = int(environ.get("CONTENT_LENGTH") or 0)
    answer = REST.ask(
        environ["REQUEST_METHOD"],
        unquote(environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")),
        environ["wsgi.input"].read(length) if length else None,
        query=parse_qs(environ["QUERY_STRING"], keep_blank_values=True),
        headers=headers,
    )
    status = HTTPStatus(answer.status)
    start(f"{status.value} {status.phrase}", list(answer.headers.items()))
    return [answer.body.encode()]


CONFIG = SchemathesisConfig.from_dict(
    {
        "auth": {"openapi": {"sigv4": {"api_key": SIGNED}}},
        "checks": {
            "negative_data_rejection": {"expected-statuses": [400, 401, 404, 412, 415, 422]},
            # What no schema can say: a cron without a meaning, an end before its start.
            "positive_data_acceptance": {"expected-statuses": ["2xx", 400, 404, 412, 422]},
        },
        # Its deviations of schemas as nested as these take longer than all other tests.
        "phases": {"coverage": {"enabled": False}},
    }
)
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)
SCHEMA.app = application


@SCHEMA.hook
def map_path_parameters(context: Any, path_parameters: Any) -> Any:
    """Ask about a timer that is there, in some of the cases."""
    del context
    id = (path_parameters or {}).get("id")
    return {"id": "known"} if is_timer_id(id) and str(id) < "U" else path_parameters


@SCHEMA.parametrize()
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_the_function_does_what_its_document_says(case: Any):
    case.call_and_validate()
