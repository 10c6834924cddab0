"""The Lambda entry point, with its settings, by the real clock and a real https issuer."""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping

import pytest

from cdk_streamer_runtime.auth import answer
from cdk_streamer_runtime.auth.denial import Reason
from cdk_streamer_runtime.contract import AuthorizerEnvironment, EntryPoint
from tests.runtime.auth import issuer
from tests.runtime.auth.events import (
    by_authorization,
    by_http,
    by_query,
    by_subprotocol,
    connect,
    over_http,
)
from tests.runtime.auth.hostile_tokens import hostile_tokens
from tests.runtime.auth.https_origin import HttpsOrigin, https_origin
from tests.runtime.auth.issuer import claims, token

Event = dict[str, object]
Handler = Callable[[Event | None, object], dict[str, object]]

MODULE, _, FUNCTION = EntryPoint.AUTHORIZER.value.rpartition(".")
HOSTILE = hostile_tokens()
TRANSPORTS = {
    "subprotocol": by_subprotocol,
    "authorization": by_authorization,
    "query": by_query,
    "http": by_http,
}
# A second space behind the scheme belongs to it: RFC 9110, section 11.4.
HOSTILE_OVER_HTTP = [hostile for hostile in HOSTILE if hostile.name != "form: space before"]
REFUSED_OVER_HTTP = {"isAuthorized": False}


def settings(**changes: object) -> dict[str, str]:
    values: dict[str, object] = {
        "name": "Api",
        "issuer": issuer.ISSUER,
        "audience": "billing,reports",
        "algorithms": ",".join(issuer.ALGORITHMS),
        "public_key": issuer.pem("p256").decode(),
        **changes,
    }
    return AuthorizerEnvironment(**values).to_variables()  # pyright: ignore[reportArgumentType] - any setting


def load(variables: Mapping[str, str], patch: pytest.MonkeyPatch) -> Handler:
    """Import the module anew, as a cold start does."""
    for name in [name for name in os.environ if name.startswith("CDK_STREAMER_")]:
        patch.delenv(name)
    for name, value in variables.items():
        patch.setenv(name, value)
    patch.delitem(sys.modules, MODULE, raising=False)
    return getattr(importlib.import_module(MODULE), FUNCTION)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpsOrigin]:
    with https_origin(tmp_path_factory.mktemp("origin")) as origin:
        yield origin


@pytest.fixture(scope="module")
def handler(server: HttpsOrigin) -> Handler:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_CA_BUNDLE", str(server.ca_bundle))
        source = settings(public_key=None, jwks_url=server.url("/jwks"), allow_query_token=True)
        loaded = load(source, patch)
    loaded(by_query(token()), None)
    return loaded


@pytest.mark.parametrize("algorithm", issuer.ALGORITHMS)
@pytest.mark.parametrize("transport", TRANSPORTS.values(), ids=TRANSPORTS.keys())
def test_a_good_token_opens_by_every_transport(
    transport: Callable[[str], Event], algorithm: str, handler: Handler
) -> None:
    assert handler(transport(token(algorithm=algorithm)), None)["context"] == {
        "tenant": issuer.TENANT,
        "owner": issuer.OWNER,
        "expires": str(issuer.NOW + 3600),
        "scopes": "read write",
    }


def test_a_good_token_is_answered_simply_over_http(handler: Handler) -> None:
    assert handler(by_http(token()), None) == {
        "isAuthorized": True,
        "context": {
            "tenant": issuer.TENANT,
            "owner": issuer.OWNER,
            "expires": str(issuer.NOW + 3600),
            "scopes": "read write",
        },
    }


def test_every_hostile_token_gets_the_one_answer_over_http_too(handler: Handler) -> None:
    answers = {hostile.name: handler(by_http(hostile.text), None) for hostile in HOSTILE_OVER_HTTP}

    assert [name for name, each in answers.items() if each != REFUSED_OVER_HTTP] == []


@pytest.mark.parametrize(
    "event",
    [
        over_http(),
        over_http(""),
        over_http("Bearer"),
        over_http("Basic YWxpY2U6c2VjcmV0"),
        over_http(f"Bearer {token()},Bearer {token()}"),
        over_http(f"bearer.{token()}"),
        over_http(f"Bearer {token()}", headers={}),
        over_http(queryStringParameters={"token": token()}),
        over_http(headers={"sec-websocket-protocol": f"streamer.v1, bearer.{token()}"}),
        over_http(headers={"x-authorization": f"Bearer {token()}"}),
        over_http(cookies=[f"authorization=Bearer {token()}"]),
        over_http(f"Bearer {token()}", headers="text"),
    ],
    ids=range(12),
)
def test_over_http_a_bearer_token_alone_counts(event: Event, handler: Handler) -> None:
    assert handler(event, None) == REFUSED_OVER_HTTP


def test_every_hostile_token_gets_the_one_answer(handler: Handler) -> None:
    answers = {hostile.name: handler(by_query(hostile.text), None) for hostile in HOSTILE}

    others = [
        name for name, each in answers.items() if json.dumps(each) != json.dumps(answer.deny())
    ]
    assert others == []


def test_nothing_of_a_hostile_token_is_written_anywhere(
    handler: Handler, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)

    for hostile in HOSTILE:
        handler(by_query(hostile.text), None)
    for hostile in HOSTILE_OVER_HTTP:
        handler(by_http(hostile.text), None)

    output = written(caplog, capfd)
    assert [entry.name for entry in HOSTILE if pieces(entry.text, output)] == []
    reasons = [record.__dict__["reason"] for record in caplog.records if record.name == MODULE]
    assert reasons[: len(HOSTILE)] == [entry.reason.value for entry in HOSTILE]


@pytest.mark.parametrize("transport", TRANSPORTS.values(), ids=TRANSPORTS.keys())
def test_nothing_of_a_good_token_is_written_either(
    transport: Callable[[str], Event],
    handler: Handler,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    good = token()

    handler(transport(good), None)

    assert pieces(good, written(caplog, capfd)) == []


def test_hostile_tokens_reach_no_address_but_the_one_that_is_configured(
    handler: Handler, server: HttpsOrigin
) -> None:
    server.paths.clear()

    for hostile in HOSTILE:
        handler(by_query(hostile.text), None)
        handler(by_http(hostile.text), None)

    # None, or one when half a minute has passed since the last: some name unknown keys.
    assert server.paths in ([], ["/jwks"])


def test_no_credential_gets_the_one_answer_too(handler: Handler) -> None:
    assert handler(connect(), None) == answer.deny()


def test_a_token_in_the_query_string_is_refused_unless_configured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handler = load(settings(), monkeypatch)

    assert handler(by_query(token()), None) == answer.deny()
    assert handler(by_subprotocol(token()), None) != answer.deny()


def test_a_denial_is_counted_once(handler: Handler, capsys: pytest.CaptureFixture[str]) -> None:
    handler(by_query("garbage"), None)

    (line,) = capsys.readouterr().out.splitlines()
    assert {"AuthFailures": 1, "Api": "Api"}.items() <= json.loads(line).items()


def test_an_accepted_caller_is_not_counted(
    handler: Handler, capsys: pytest.CaptureFixture[str]
) -> None:
    handler(by_query(token()), None)

    assert capsys.readouterr().out == ""


class Broken(dict[str, object]):
    """An event that fails with the token in its error, as a library could."""

    def get(self, *names: object) -> object:
        raise RuntimeError(f"cannot read {names}: {token()}")


@pytest.mark.parametrize(
    "event",
    [None, [], "event", {**by_authorization(token()), "methodArn": "*"}, Broken()],
    ids=["None", "a list", "a text", "a foreign resource", "an error that quotes the token"],
)
def test_a_fault_that_nobody_foresaw_denies_and_is_logged_without_its_text(
    event: Event,
    handler: Handler,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)

    assert handler(event, None) == answer.deny()

    (record,) = caplog.records
    assert (record.levelname, record.message) == ("ERROR", "authorizer failed")
    assert record.__dict__["error"] in {"AttributeError", "ValueError", "RuntimeError"}
    assert pieces(token(), written(caplog, capfd)) == []


def test_a_fault_that_nobody_foresaw_is_counted(
    handler: Handler, capsys: pytest.CaptureFixture[str]
) -> None:
    handler(None, None)

    assert json.loads(capsys.readouterr().out)["AuthFailures"] == 1


def test_an_issuer_that_is_down_denies(
    server: HttpsOrigin, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(server.ca_bundle))
    handler = load(settings(public_key=None, jwks_url=server.url("/down")), monkeypatch)

    assert handler(by_subprotocol(token()), None) == answer.deny()

    assert [record.__dict__.get("cause") for record in caplog.records] == ["status 503", None]
    assert caplog.records[-1].__dict__["reason"] == Reason.KEYS_UNAVAILABLE.value


@pytest.mark.parametrize(
    "changes",
    [
        {"audience": ""},
        {"audience": "reports,"},
        {"issuer": ""},
        {"algorithms": ""},
        {"algorithms": "none"},
        {"algorithms": "HS256"},
        {"algorithms": "ES256,HS256"},
        {"algorithms": "es256"},
        {"leeway_seconds": 301},
        {"leeway_seconds": -1},
        {"public_key": None},
        {"public_key": "a key"},
        {"public_key": issuer.pem("weak").decode()},
        {"public_key": None, "jwks_url": "http://id.example.com/jwks"},
        {"jwks_url": "https://id.example.com/jwks"},
    ],
    ids=lambda changes: str(changes)[:60],
)
def test_settings_that_would_let_too_much_in_stop_the_cold_start(
    changes: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match=r"issuer|algorithms|leeway|public_key|https|RSA"):
        load(settings(**changes), monkeypatch)


@pytest.mark.parametrize("name", ["NAME", "ISSUER", "AUDIENCE", "ALGORITHMS"])
def test_a_setting_that_is_missing_is_named_at_the_cold_start(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = settings()
    del variables[f"CDK_STREAMER_{name}"]

    with pytest.raises(ValueError, match=f"CDK_STREAMER_{name} is missing"):
        load(variables, monkeypatch)


@pytest.mark.parametrize("claim", ["tenant", "org", ""])
def test_the_tenant_claim_is_a_setting(claim: str, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = load(settings(tenant_claim=claim), monkeypatch)

    context = handler(by_subprotocol(token(body=claims(org="globex"))), None)["context"]

    expected = {"tenant": issuer.TENANT, "org": "globex", "": "default"}[claim]
    assert isinstance(context, dict)
    assert context["tenant"] == expected


def written(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> str:
    out, err = capfd.readouterr()
    return "\n".join([caplog.text, *(str(record.__dict__) for record in caplog.records), out, err])


def pieces(text: str, output: str) -> list[str]:
    """Give what the output has of a token: itself, a segment, or what the claims say."""
    secrets = {text, *text.split("."), issuer.OWNER, issuer.TENANT, "attacker"}
    return [secret for secret in secrets if len(secret) > 7 and secret in output]
