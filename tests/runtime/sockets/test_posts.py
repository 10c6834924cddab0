"""Posting to connections: what is sent, to whom, and who is forgotten."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from cdk_streamer_runtime.aws import NO_HEADERS
from cdk_streamer_runtime.contract import Metric
from cdk_streamer_runtime.errors import AccessDenied, AwsError, Gone, Throttled, Unreachable
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.api import ENDPOINT, CountedMetrics
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.sockets.posts import GONE_AFTER, Delivery, Posts
from tests.runtime.observed_aws import ObservedAws, refused_by

LATER = START // 1000 + 3_600
MESSAGE = {"type": "progress", "seq": 1}


@pytest.fixture
def aws() -> ObservedAws:
    memory = MemoryAws()
    for name in ("a", "b", "c"):
        memory.connections.open(name)
    return ObservedAws(memory)


@pytest.fixture
def metrics() -> CountedMetrics:
    return CountedMetrics()


@pytest.fixture
def posts(aws: ObservedAws, metrics: CountedMetrics) -> Posts:
    return Posts(aws, ENDPOINT, metrics=metrics)


def said(aws: ObservedAws, connection: str) -> list[Any]:
    return [json.loads(body) for body in aws.memory.connections.messages(connection)]


def subscribed(*names: str, until: int = LATER) -> dict[str, int]:
    return dict.fromkeys(names, until)


# --- one connection -------------------------------------------------------------------------------


def test_a_message_is_sent_as_compact_json_in_utf_8(posts: Posts, aws: ObservedAws):
    assert posts.send("a", {"text": "Ä", "list": [1, None]}) is Delivery.SENT
    assert aws.memory.connections.messages("a") == ['{"text":"Ä","list":[1,null]}'.encode()]


@dataclass
class Listening(MemoryAws):
    """Remembers how it was called."""

    heard: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def rest(
        self,
        service: str,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> bytes:
        del body
        self.heard.append((f"{service} {method} {url}", dict(headers)))
        return b""


def test_a_connection_id_is_quoted_in_its_address():
    aws = Listening()
    Posts(aws, f"{ENDPOINT}/", metrics=CountedMetrics()).send("L0SM9cOFvHcCIhw=", MESSAGE)

    address = f"execute-api POST {ENDPOINT}/@connections/L0SM9cOFvHcCIhw%3D"
    assert aws.heard == [(address, {})]


def test_a_trace_goes_along():
    aws = Listening()
    Posts(aws, ENDPOINT, metrics=CountedMetrics()).send("a", MESSAGE, "Root=1-2-3")

    assert [headers for _call, headers in aws.heard] == [{"X-Amzn-Trace-Id": "Root=1-2-3"}]


def test_a_connection_that_is_gone_is_counted(posts: Posts, metrics: CountedMetrics):
    assert posts.send("nobody", MESSAGE) is Delivery.GONE
    assert metrics.counts == {Metric.CONNECTIONS_GONE: 1}


def test_a_connection_that_cannot_keep_up_is_no_failure(
    posts: Posts, aws: ObservedAws, metrics: CountedMetrics
):
    aws.memory.connections.throttle("a")

    assert posts.send("a", MESSAGE) is Delivery.BUSY
    assert metrics.counts == {}


def test_a_message_that_is_too_large_will_never_be_sent(
    posts: Posts, metrics: CountedMetrics, caplog: pytest.LogCaptureFixture
):
    assert posts.send("a", {"secret": "s" * 131_072}) is Delivery.REFUSED
    assert metrics.counts == {Metric.POST_FAILURES: 1}
    assert "sss" not in caplog.text


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("Timeout", "", 0, "POST"),
        AwsError("InternalServerErrorException", "", 500, "POST"),
        AwsError("BadRequestException", "", 400, "POST"),
    ],
    ids=lambda error: error.code,
)
def test_no_failure_of_a_post_is_raised(
    posts: Posts, aws: ObservedAws, metrics: CountedMetrics, error: AwsError
):
    aws.on("POST", refused_by(error))

    assert posts.send("a", MESSAGE) is Delivery.FAILED
    assert metrics.counts == {Metric.POST_FAILURES: 1}


def test_a_forbidden_post_is_a_failure(posts: Posts, aws: ObservedAws, metrics: CountedMetrics):
    aws.memory.connections.forbid("a")

    assert posts.send("a", MESSAGE) is Delivery.FAILED
    assert metrics.counts == {Metric.POST_FAILURES: 1}


# --- all subscribers ------------------------------------------------------------------------------


def test_all_subscribers_get_the_same_message(posts: Posts, aws: ObservedAws):
    broadcast = posts.broadcast(subscribed("a", "b", "c"), MESSAGE, START)

    assert [said(aws, name) for name in ("a", "b", "c")] == [[MESSAGE]] * 3
    assert (broadcast.gone, broadcast.busy) == (frozenset(), False)


def test_one_post_is_made_for_each_subscriber(posts: Posts, aws: ObservedAws):
    posts.broadcast(subscribed("a", "b", "c"), MESSAGE, START)

    assert aws.counts == {"POST": 3}


def test_nobody_is_told_when_nobody_listens(posts: Posts, aws: ObservedAws):
    assert posts.broadcast({}, MESSAGE, START).gone == frozenset()
    assert aws.calls == []


def test_whose_token_has_ended_hears_nothing_and_is_forgotten(posts: Posts, aws: ObservedAws):
    subscribers = {"a": START // 1000, "b": START // 1000 + 1}
    broadcast = posts.broadcast(subscribers, MESSAGE, START)

    assert (said(aws, "a"), said(aws, "b")) == ([], [MESSAGE])
    assert broadcast.gone == {"a"}


def test_one_410_proves_nothing(posts: Posts):
    assert posts.broadcast(subscribed("new"), MESSAGE, START).gone == frozenset()


def test_a_second_410_soon_after_proves_nothing_either(posts: Posts):
    posts.broadcast(subscribed("new"), MESSAGE, START)

    gone = posts.broadcast(subscribed("new"), MESSAGE, START + GONE_AFTER - 1).gone
    assert gone == frozenset()


def test_a_410_five_seconds_after_the_first_forgets_the_connection(posts: Posts):
    posts.broadcast(subscribed("dead", "a"), MESSAGE, START)

    gone = posts.broadcast(subscribed("dead", "a"), MESSAGE, START + GONE_AFTER).gone
    assert gone == {"dead"}


def test_a_connection_that_answers_again_starts_anew(posts: Posts, aws: ObservedAws):
    posts.broadcast(subscribed("new"), MESSAGE, START)
    aws.memory.connections.open("new")
    posts.broadcast(subscribed("new"), MESSAGE, START + 1_000)
    aws.memory.connections.close("new")

    gone = posts.broadcast(subscribed("new"), MESSAGE, START + GONE_AFTER).gone
    assert gone == frozenset()


def test_an_answer_counts_as_a_sign_of_life_too(posts: Posts, aws: ObservedAws):
    posts.broadcast(subscribed("new"), MESSAGE, START)
    aws.memory.connections.open("new")
    posts.send("new", MESSAGE)
    aws.memory.connections.close("new")

    gone = posts.broadcast(subscribed("new"), MESSAGE, START + GONE_AFTER).gone
    assert gone == frozenset()


@pytest.mark.parametrize("status", [429, 500])
def test_only_a_410_forgets_a_connection(posts: Posts, aws: ObservedAws, status: int):
    error = AwsError("Any", "", status, "POST")
    aws.on("POST", refused_by(error), refused_by(error))
    posts.broadcast(subscribed("a"), MESSAGE, START)

    assert posts.broadcast(subscribed("a"), MESSAGE, START + GONE_AFTER).gone == frozenset()


def test_one_subscriber_that_cannot_keep_up_slows_all(posts: Posts, aws: ObservedAws):
    aws.memory.connections.throttle("b")

    assert posts.broadcast(subscribed("a", "b"), MESSAGE, START).busy


def test_a_failure_at_one_subscriber_keeps_nothing_from_the_others(posts: Posts, aws: ObservedAws):
    aws.on("POST", refused_by(Unreachable("Timeout", "", 0, "POST")))
    posts.broadcast(subscribed("a", "b", "c"), MESSAGE, START)

    assert [len(said(aws, name)) for name in ("a", "b", "c")] == [0, 1, 1]


def test_posts_may_be_made_at_once(aws: ObservedAws):
    groups: list[list[str]] = []

    def each(act: Callable[[str], Delivery], names: Any) -> list[Delivery]:
        groups.append(list(names))
        return [act(name) for name in groups[-1]]

    Posts(aws, ENDPOINT, metrics=CountedMetrics(), each=each).broadcast(
        subscribed("a", "b"), MESSAGE, START
    )

    assert groups == [["a", "b"]]


# --- middleware -----------------------------------------------------------------------------------


def test_every_message_passes_the_apps_middleware_once(aws: ObservedAws):
    seen: list[Mapping[str, Any]] = []

    def outgoing(message: Mapping[str, Any]) -> Mapping[str, Any]:
        seen.append(message)
        return {**message, "version": 2}

    posts = Posts(aws, ENDPOINT, metrics=CountedMetrics(), outgoing=outgoing)
    posts.broadcast(subscribed("a", "b", "c"), MESSAGE, START)

    assert seen == [MESSAGE]
    assert said(aws, "c") == [{**MESSAGE, "version": 2}]


def broken(_message: Mapping[str, Any]) -> Mapping[str, Any]:
    raise KeyError("version")


def wordless(_message: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"words": {"a", "set"}}


@pytest.mark.parametrize("outgoing", [broken, wordless])
def test_middleware_that_fails_sends_nothing_and_stops_nothing(
    aws: ObservedAws,
    metrics: CountedMetrics,
    caplog: pytest.LogCaptureFixture,
    outgoing: Callable[[Mapping[str, Any]], Mapping[str, Any]],
):
    posts = Posts(aws, ENDPOINT, metrics=metrics, outgoing=outgoing)
    broadcast = posts.broadcast({**subscribed("a"), "b": 0}, MESSAGE, START)

    assert posts.send("a", MESSAGE) is Delivery.REFUSED
    assert (broadcast.gone, broadcast.busy) == ({"b"}, False)
    assert aws.calls == []
    assert metrics.counts == {Metric.POST_FAILURES: 2}
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2


def test_a_plain_message_goes_past_the_middleware(aws: ObservedAws, metrics: CountedMetrics):
    posts = Posts(aws, ENDPOINT, metrics=metrics, outgoing=broken)
    posts.send_plain("a", MESSAGE, None)

    assert said(aws, "a") == [MESSAGE]


# --- who is gone ----------------------------------------------------------------------------------


def test_who_is_closed_or_has_an_expired_token_is_gone(posts: Posts, aws: ObservedAws):
    aws.memory.connections.close("b")
    subscribers = {**subscribed("a", "b", "never"), "c": START // 1000}

    assert posts.gone(subscribers, START) == {"b", "never", "c"}
    assert aws.calls == ["GET"] * 3
    assert said(aws, "a") == []


@pytest.mark.parametrize(
    ("error", "gone"),
    [
        (Gone("GoneException", "", 410, "GET"), {"a"}),
        (AwsError("NotFoundException", "", 404, "GET"), {"a"}),
        (AccessDenied("ForbiddenException", "", 403, "GET"), set[str]()),
        (Throttled("LimitExceededException", "", 429, "GET"), set[str]()),
        (Unreachable("Timeout", "", 0, "GET"), set[str]()),
        (AwsError("InternalServerErrorException", "", 500, "GET"), set[str]()),
    ],
    ids=lambda value: value.code if isinstance(value, AwsError) else "",
)
def test_only_a_plain_answer_proves_that_somebody_is_gone(
    posts: Posts, aws: ObservedAws, error: AwsError, gone: set[str]
):
    aws.on("GET", refused_by(error))

    assert posts.gone(subscribed("a"), START) == gone


# --- the end --------------------------------------------------------------------------------------


def test_a_connection_can_be_closed(posts: Posts, aws: ObservedAws):
    posts.close("a")

    assert not aws.memory.connections.is_open("a")


def test_closing_what_is_closed_is_harmless(posts: Posts, aws: ObservedAws):
    posts.close("nobody")

    assert aws.calls == ["DELETE"]


@pytest.mark.parametrize(
    "error", [Gone("GoneException", "", 410, "DELETE"), AwsError("Any", "", 429, "DELETE")]
)
def test_closing_never_raises(posts: Posts, aws: ObservedAws, error: AwsError):
    aws.on("DELETE", refused_by(error))
    posts.close("a")

    assert aws.calls == ["DELETE"]
