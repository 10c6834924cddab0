"""Where a token may travel, and that there must be exactly one."""

from __future__ import annotations

import pytest

from cdk_streamer_runtime.auth import credential
from cdk_streamer_runtime.auth.denial import Denied, Reason
from tests.runtime.auth.events import by_authorization, by_query, by_subprotocol, connect

PROTOCOL = "Sec-WebSocket-Protocol"


def refusal(event: dict[str, object], *, allow_query_token: bool = False) -> Reason:
    with pytest.raises(Denied) as denied:
        credential.find(event, allow_query_token=allow_query_token)
    return denied.value.reason


@pytest.mark.parametrize(
    "headers",
    [
        {PROTOCOL: ["streamer.v1, bearer.a.b-c._d"]},
        {PROTOCOL: ["bearer.a.b-c._d,streamer.v1"]},
        {PROTOCOL: [" streamer.v1 ,\tbearer.a.b-c._d , graphql-ws"]},
        {PROTOCOL: ["streamer.v1", "bearer.a.b-c._d"]},
        {PROTOCOL.lower(): ["streamer.v1, bearer.a.b-c._d"]},
        {PROTOCOL.upper(): ["streamer.v1, bearer.a.b-c._d"]},
        {PROTOCOL: ["streamer.v1"], PROTOCOL.lower(): ["bearer.a.b-c._d"]},
        {"Authorization": ["Bearer a.b-c._d"]},
        {"authorization": ["bearer a.b-c._d"]},
        {"AUTHORIZATION": ["BEARER   a.b-c._d"]},
        {PROTOCOL: ["streamer.v1"], "Authorization": ["Bearer a.b-c._d"]},
    ],
    ids=str,
)
def test_the_token_is_found_in_a_header(headers: dict[str, list[str]]) -> None:
    assert credential.find(connect(headers), allow_query_token=False).text == "a.b-c._d"


def test_the_token_is_found_without_listed_headers() -> None:
    event = connect({"Authorization": ["Bearer a"]}, multiValueHeaders=None)

    assert credential.find(event, allow_query_token=False).text == "a"


def test_the_token_is_found_in_the_query_string_where_that_is_allowed() -> None:
    assert credential.find(by_query("a.b.c"), allow_query_token=True).text == "a.b.c"


def test_the_token_is_found_in_a_query_string_without_lists() -> None:
    event = connect(queryStringParameters={"token": "a.b.c", "other": "1"})

    assert credential.find(event, allow_query_token=True).text == "a.b.c"


def test_a_token_in_the_query_string_is_refused_by_default() -> None:
    assert refusal(by_query("a.b.c")) is Reason.QUERY_TOKEN


def test_a_token_in_the_query_string_is_refused_even_beside_a_good_header() -> None:
    event = connect({"Authorization": ["Bearer a"]}, {"token": ["a"]})

    assert refusal(event) is Reason.QUERY_TOKEN


@pytest.mark.parametrize(
    "event",
    [
        {},
        connect(),
        {**connect(), "headers": None, "multiValueHeaders": None},
        {**connect(), "headers": ["Authorization"], "multiValueHeaders": "text"},
        connect({"Cookie": ["token=a"]}),
        connect({"X-Authorization": ["Bearer a"]}),
        connect({PROTOCOL: ["streamer.v1"]}),
        connect({PROTOCOL: [""]}),
        connect({PROTOCOL: ["streamer.v1, Bearer.a"]}),
        connect({PROTOCOL: ["streamer.v1, xbearer.a"]}),
        connect(query={"access_token": ["a"]}),
        connect(query={"Token": ["a"]}),
        connect(body='{"token":"a"}'),
    ],
    ids=str,
)
def test_without_a_token_nobody_connects(event: dict[str, object]) -> None:
    assert refusal(event, allow_query_token=True) is Reason.NO_CREDENTIAL


@pytest.mark.parametrize(
    "event",
    [
        connect({"Authorization": ["Bearer a", "Bearer b"]}),
        connect({"Authorization": ["Bearer a"], "authorization": ["Bearer a"]}),
        connect({PROTOCOL: ["streamer.v1, bearer.a, bearer.b"]}),
        connect({PROTOCOL: ["streamer.v1, bearer.a, bearer.a"]}),
        connect({PROTOCOL: ["streamer.v1, bearer.a", "bearer.a"]}),
        connect({PROTOCOL: ["streamer.v1, bearer.a"], "Authorization": ["Bearer a"]}),
        connect({"Authorization": ["Bearer a"]}, {"token": ["a"]}),
        connect({PROTOCOL: ["streamer.v1, bearer.a"]}, {"token": ["a"]}),
        connect(query={"token": ["a", "b"]}),
    ],
    ids=str,
)
def test_with_two_tokens_nobody_connects(event: dict[str, object]) -> None:
    assert refusal(event, allow_query_token=True) is Reason.SEVERAL_CREDENTIALS


@pytest.mark.parametrize(
    "value",
    [
        "", "Bearer", "Bearer ", "Bearera", "a.b.c", "Basic YWxpY2U6c2VjcmV0", "Bearer a b",
        "Bearer a, Bearer b", "Bearer a,b", "Bearer\ta", " Bearer a", "Bearer a ", "Bearer a\n",
        "Bearer a\0", "Bearer \u00e9", "Token a", "AWS4-HMAC-SHA256 Credential=a", 'Bearer "a"',
    ],
)  # fmt: skip
def test_an_authorization_that_cannot_be_read_is_refused(value: str) -> None:
    assert refusal(connect({"Authorization": [value]})) is Reason.BAD_CREDENTIAL


def test_an_unreadable_authorization_is_not_outvoted_by_a_good_subprotocol() -> None:
    event = connect({"Authorization": ["Basic YQ=="], PROTOCOL: ["streamer.v1, bearer.a"]})

    assert refusal(event) is Reason.BAD_CREDENTIAL


def test_a_token_without_the_protocol_beside_it_is_refused() -> None:
    assert refusal(connect({PROTOCOL: ["bearer.a"]})) is Reason.BAD_CREDENTIAL


@pytest.mark.parametrize("event", [by_subprotocol(""), by_query("")])
def test_an_empty_token_is_a_token_that_no_reader_accepts(event: dict[str, object]) -> None:
    assert credential.find(event, allow_query_token=True).text == ""


def test_a_token_travels_unchanged() -> None:
    events = by_subprotocol("a.b.c"), by_authorization("a.b.c"), by_query("a.b.c")

    found = {credential.find(event, allow_query_token=True).text for event in events}

    assert found == {"a.b.c"}
