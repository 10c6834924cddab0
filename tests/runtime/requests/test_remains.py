"""Payloads go when their requests go, however long those could have taken."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_streamer_runtime import Progress, RequestContext
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.memory.resources import TABLE
from tests.runtime.durable.lives import DAY, HOUR, KEY, MINUTE, Life

WEEK = 7 * DAY // 1000


def ends(life: Life, progress: Progress, context: RequestContext) -> Any:
    return context.attempt


def sleeps(life: Life, progress: Progress, context: RequestContext) -> None:
    context.sleep(3_600)


def stored_until(life: Life, kind: str) -> int:
    """Give the second at which the TTL takes an item of the request."""
    key = {"pk": {"S": KEY}, "sk": {"S": kind}}
    item = life.api.aws.call("dynamodb", "GetItem", {"TableName": TABLE.name, "Key": key})["Item"]
    return int(item["ttl"]["N"])


def test_the_payload_of_a_request_that_could_take_months_goes_with_it():
    life = Life(ends).submit().wait(MINUTE)

    assert stored_until(life, "payload") == stored_until(life, "request")


def test_it_stays_while_the_request_goes_on():
    life = Life(sleeps).submit().wait(MINUTE)

    assert stored_until(life, "payload") > START // 1000 + 90 * 86_400


def test_a_cancelled_request_takes_its_payload_along():
    life = Life(sleeps).submit().wait(MINUTE)
    life.ask("cancel")

    assert stored_until(life, "payload") == stored_until(life, "request")


@pytest.mark.parametrize("pause", [MINUTE, 2 * HOUR])
def test_a_payload_stays_for_the_whole_retention(pause: int):
    life = Life(ends).submit().wait(pause)

    assert stored_until(life, "payload") >= START // 1000 + WEEK
