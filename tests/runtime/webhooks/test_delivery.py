"""Webhooks from the end of a request to its receiver, whatever stands between them."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from standardwebhooks import Webhook as Reference

from cdk_streamer_runtime import ActionFailed, AsyncApp, Progress
from cdk_streamer_runtime.assembly import Assembly
from cdk_streamer_runtime.contract import Metric, WebhookEnvironment
from cdk_streamer_runtime.errors import AccessDenied, Throttled
from cdk_streamer_runtime.memory.api import (
    SECRET,
    SECRET_ARN,
    TABLE,
    WEBHOOK_DEAD_LETTERS,
    WEBHOOKS,
)
from cdk_streamer_runtime.memory.webhooks import Webhook
from cdk_streamer_runtime.webhooks.assembly import deliveries
from cdk_streamer_runtime.webhooks.sender import NotSent, Reply
from tests.runtime.api import ANN, ObservedApi
from tests.runtime.observed_aws import Killed, refused_by

URL = "https://shop.example.com/ended"
MINUTE = 60_000
HOUR = 60 * MINUTE
LONGEST = 80 * HOUR


@pytest.fixture
def api() -> ObservedApi:
    return new_api()


def new_api() -> ObservedApi:
    app = AsyncApp()
    app.action("job", mode="async")(lambda payload: payload)

    @app.action("long", mode="async")
    def long(progress: Progress) -> None:
        progress.report(1)
        progress.check()

    @app.action("broken", mode="async")
    def broken() -> None:
        raise ActionFailed("no paper")

    return ObservedApi(app)


def submit(api: ObservedApi, action: str = "job", **members: Any) -> None:
    body = {"action": action, "id": "r1", "webhook": URL, **members}
    assert api.http(ANN, "POST", "/requests", body=body).status == 202


def answers(api: ObservedApi, *replies: Reply | Exception) -> None:
    """Let the receiver answer one after the other, and say yes from then on."""
    waiting = list(replies)

    def answer(_: Webhook) -> Reply:
        reply = waiting.pop(0) if waiting else Reply(204, None)
        if isinstance(reply, Exception):
            raise reply
        return reply

    api.receiver.answer = answer


def moments(api: ObservedApi) -> list[int]:
    """Give when webhooks were called, in seconds after the first."""
    times = [int(webhook.headers["webhook-timestamp"]) for webhook in api.receiver.webhooks]
    return [time - times[0] for time in times]


# --- what is told ---------------------------------------------------------------------------------


def test_the_end_of_a_request_is_told(api: ObservedApi):
    submit(api, payload={"month": 11})

    api.settle()

    (webhook,) = api.receiver.webhooks
    assert (webhook.url, webhook.document["type"]) == (URL, "request.succeeded")
    assert webhook.document["data"] == api.http(ANN, "GET", "/requests/r1").document
    assert webhook.headers["webhook-id"] == api.stored(ANN, "r1").key


def test_a_receiver_can_tell_who_sent_it(api: ObservedApi):
    submit(api)
    api.settle()

    (webhook,) = api.receiver.webhooks
    moment = datetime.fromtimestamp(int(webhook.headers["webhook-timestamp"]), UTC)
    signed = Reference(SECRET).sign(webhook.headers["webhook-id"], moment, webhook.body.decode())
    assert webhook.headers["webhook-signature"] == signed


@pytest.mark.parametrize(("action", "kind"), [("job", "succeeded"), ("broken", "failed")])
def test_an_end_has_its_type(api: ObservedApi, action: str, kind: str):
    submit(api, action)

    api.settle()

    assert [each.document["type"] for each in api.receiver.webhooks] == [f"request.{kind}"]


def test_a_cancelled_request_is_told(api: ObservedApi):
    submit(api)
    api.http(ANN, "DELETE", "/requests/r1", query={"reason": "too late"})

    api.settle()

    (webhook,) = api.receiver.webhooks
    assert webhook.document["type"] == "request.cancelled"
    assert webhook.document["data"]["reason"] == "too late"


def test_an_expired_request_is_told(api: ObservedApi):
    submit(api)
    api.dispatch()
    api.platform.advance(2 * HOUR)

    api.settle()

    assert [each.document["type"] for each in api.receiver.webhooks] == ["request.expired"]


def test_an_end_that_the_watcher_made_is_told_even_if_it_could_not_ask_at_once(api: ObservedApi):
    submit(api)
    api.dispatch()
    api.platform.advance(2 * HOUR)
    api.observed.on("SendMessage", refused_by(Throttled("Throttling", "", 400, "any")))

    api.wait(HOUR)

    assert [each.document["type"] for each in api.receiver.webhooks] == ["request.expired"]


def test_a_request_without_a_webhook_is_nobody_elses_business(api: ObservedApi):
    api.http(ANN, "POST", "/requests", body={"action": "job"})

    api.wait(HOUR)

    assert api.receiver.webhooks == []


def test_an_end_is_told_once_when_all_goes_well(api: ObservedApi):
    submit(api)

    api.wait(LONGEST)

    assert len(api.receiver.webhooks) == 1
    assert api.counted.counts[Metric.WEBHOOKS_DELIVERED] == 1
    assert api.aws.messages(WEBHOOKS.name) == []


# --- again ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "refusal",
    [Reply(500, None), Reply(404, None), Reply(302, None), Reply(199, None), NotSent("no answer")],
)
def test_what_did_not_arrive_is_sent_again(api: ObservedApi, refusal: Reply | Exception):
    answers(api, refusal, refusal)
    submit(api)

    api.wait(HOUR)

    assert moments(api) == [0, 5, 305]
    assert len({webhook.headers["webhook-id"] for webhook in api.receiver.webhooks}) == 1
    assert api.counted.counts[Metric.WEBHOOKS_FAILED] == 2
    assert api.counted.counts[Metric.WEBHOOKS_DELIVERED] == 1


def test_a_receiver_that_never_answers_is_given_up_after_three_days(api: ObservedApi):
    answers(api, *[Reply(500, None)] * 20)
    submit(api)

    api.wait(LONGEST)

    hours = [round(moment / 3_600, 1) for moment in moments(api)]
    assert hours == [0, 0, 0.1, 0.6, 2.6, 7.6, 17.6, 31.6, 51.6, 75.4]
    assert len(api.aws.messages(WEBHOOK_DEAD_LETTERS.name)) == 1
    assert api.aws.messages(WEBHOOKS.name) == []


def test_a_receiver_that_is_gone_is_left_alone(api: ObservedApi):
    answers(api, Reply(410, None))
    submit(api)

    api.wait(LONGEST)

    assert len(api.receiver.webhooks) == 1
    assert api.aws.messages(WEBHOOK_DEAD_LETTERS.name) == []


@pytest.mark.parametrize(
    ("status", "wish", "seconds"),
    [
        (429, "120", 120),
        (503, "7200", 7_200),
        (503, "1", 5),
        (503, "soon", 5),
        (503, "-1", 5),
        (503, "9" * 500, 43_000),
        (429, "Tue, 14 Nov 2023 22:23:20 GMT", 600),
        (429, "Tue, 14 Nov 2003 22:23:20 GMT", 5),
        (500, "120", 5),
    ],
)
def test_a_receiver_says_how_long_it_is_busy(
    api: ObservedApi, status: int, wish: str, seconds: int
):
    answers(api, Reply(status, wish))
    submit(api)

    api.wait(LONGEST)

    assert abs(moments(api)[1] - seconds) <= seconds // 50


# --- secrets and hosts ----------------------------------------------------------------------------


def test_a_rotated_secret_is_used_within_five_minutes(api: ObservedApi):
    fresh = f"whsec_{base64.b64encode(b'f' * 32).decode()}"
    submit(api)
    api.settle()
    api.aws.secrets.values[SECRET_ARN] = f"{fresh} {SECRET}"
    api.platform.advance(5 * MINUTE)

    submit(api, id="r2")
    api.settle()

    signed = api.receiver.webhooks[1].headers["webhook-signature"]
    assert len(signed.split(" ")) == 2
    assert api.observed.counts["GetSecretValue"] == 2


def test_a_secret_is_read_once_for_many_webhooks(api: ObservedApi):
    for number in range(5):
        submit(api, id=f"r{number}")
    api.settle()

    assert (len(api.receiver.webhooks), api.observed.counts["GetSecretValue"]) == (5, 1)


def test_a_known_secret_stays_good_while_none_can_be_read(api: ObservedApi):
    submit(api)
    api.settle()
    api.platform.advance(5 * MINUTE)
    api.observed.on("GetSecretValue", refused_by(Throttled("Throttling", "", 400, "any")))

    submit(api, id="r2")
    api.settle()

    assert len(api.receiver.webhooks) == 2


@pytest.mark.parametrize("secret", ["", "changeme", "whsec_c2hvcnQ="])
def test_nothing_is_sent_without_a_good_secret(api: ObservedApi, secret: str):
    api.aws.secrets.values[SECRET_ARN] = secret
    submit(api)
    api.wait(MINUTE)
    unsigned = list(api.receiver.webhooks)
    api.aws.secrets.values[SECRET_ARN] = SECRET

    api.wait(HOUR)

    assert (unsigned, len(api.receiver.webhooks)) == ([], 1)


def test_an_outage_of_aws_costs_an_attempt_and_no_more(api: ObservedApi):
    denied = refused_by(AccessDenied("AccessDenied", "", 403, "any"))
    api.observed.on("GetSecretValue", denied, denied)
    submit(api)

    api.wait(HOUR)

    assert len(api.receiver.webhooks) == 1


def test_a_host_that_is_no_longer_allowed_is_not_called(api: ObservedApi):
    submit(api)
    api.deliveries = deliveries(
        Assembly(aws=api.aws, platform=api.platform),
        WebhookEnvironment(
            name="api",
            table_name=TABLE.name,
            queue_url=api.aws.queue_url(WEBHOOKS.name),
            secret_arn=SECRET_ARN,
            hosts="*.other.example",
        ),
        api.metrics,
        api.receiver,
    )

    api.wait(LONGEST)

    assert api.receiver.webhooks == []
    assert api.aws.messages(WEBHOOKS.name) == []


# --- crashes --------------------------------------------------------------------------------------


def ended(api: ObservedApi) -> None:
    submit(api)
    api.wait(LONGEST)


def calls_of_a_calm_run() -> Iterable[int]:
    api = new_api()
    ended(api)
    return range(len(api.observed.calls))


CALLS = list(calls_of_a_calm_run())


@pytest.mark.parametrize("moment", ["kill_before", "kill_after"])
@pytest.mark.parametrize("number", CALLS)
def test_an_end_is_told_wherever_a_function_is_killed(number: int, moment: str):
    api = new_api()
    getattr(api.observed, moment).add(number)
    try:
        submit(api)
    except Killed:
        submit(api)

    api.wait(LONGEST)

    assert api.stored(ANN, "r1").notified_at is not None
    kinds = {webhook.document["type"] for webhook in api.receiver.webhooks}
    assert kinds == {"request.succeeded"}
    assert len(api.receiver.webhooks) <= 2


@settings(max_examples=150, deadline=None)
@given(
    before=st.sets(st.integers(2, 60), max_size=6),
    after=st.sets(st.integers(2, 60), max_size=6),
    refusals=st.integers(0, 3),
)
def test_an_end_is_told_however_often_functions_are_killed(
    before: set[int], after: set[int], refusals: int
):
    api = new_api()
    answers(api, *[Reply(500, None)] * refusals)
    api.observed.kill_before = before
    api.observed.kill_after = after
    for _ in range(20):
        try:
            submit(api)
            break
        except Killed:
            continue

    api.wait(LONGEST)

    stored = api.stored(ANN, "r1")
    assert stored.is_terminal
    assert stored.notified_at is not None


def test_a_lost_message_is_asked_for_again_by_the_watcher(api: ObservedApi):
    submit(api)
    api.observed.on("SendMessage", refused_by(Throttled("Throttling", "", 400, "any")))
    dispatched_and_worked(api)
    told_at_once = list(api.receiver.webhooks)

    api.wait(5 * MINUTE)

    assert (told_at_once, len(api.receiver.webhooks)) == ([], 1)


def dispatched_and_worked(api: ObservedApi) -> None:
    while api.dispatch() or api.work():
        pass


def test_a_receiver_that_refuses_is_not_called_by_two_messages(api: ObservedApi):
    answers(api, *[Reply(500, None)] * 3)
    submit(api)

    api.wait(24 * HOUR)

    assert moments(api) == [0, 5, 305, 2_105]
