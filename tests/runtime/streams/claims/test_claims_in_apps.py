"""Large events between two processors: left in a bucket by one, fetched by the other."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import replace
from typing import Any

import pytest

from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.streams import StreamApp, rules
from cdk_streamer_runtime.streams.claims.claim import ClaimCheck
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.sources.eventbridge import (
    from_sqs_eventbridge,
    to_sqs_eventbridge_records,
)
from cdk_streamer_runtime.streams.sources.kinesis import from_kinesis, to_kinesis_records
from tests.runtime.streams.faults.failures import an_event
from tests.runtime.streams.surroundings import CLAIMS, TAGS, Surroundings

DONE: dict[str, Any] = {"batchItemFailures": []}
LARGE = "x" * 1_200_000


@pytest.fixture
def here() -> Surroundings:
    return Surroundings()


def listener(source: Any = from_kinesis) -> tuple[StreamApp, list[Any]]:
    """Give an app, and the events that it takes."""
    taken: list[Any] = []
    app = StreamApp(source=source)
    app.pipeline("take", event_type="thing-*")(
        lambda stream: stream.tap(lambda uow: taken.append(uow.event))
    )
    return app, taken


def packed_by(here: Surroundings, **options: Any) -> dict[str, Any]:
    """Give what a trigger puts on the bus for a large entity."""
    sender = StreamApp(
        rules=[
            rules.Cdc(
                id="c1",
                event_type="thing-*",
                to_event=lambda _: {"type": "thing-sent", "thing": LARGE},
                **options,
            )
        ]
    )
    assert sender.handle(to_kinesis_records([an_event()]), here.world) == DONE
    (entry,) = here.aws.published
    return json.loads(entry["Detail"])


def elsewhere(here: Surroundings) -> World:
    """Give the world of another processor: of its own events none takes any."""
    return replace(here.world, tags={**TAGS, "source": "listener"})


def received(event: dict[str, Any]) -> dict[str, Any]:
    return to_sqs_eventbridge_records([event])


def test_a_large_event_is_left_in_the_bucket_before_it_is_published(here):
    detail = packed_by(here)
    assert "thing" not in detail
    assert here.aws.asked[:2] == ["PUT s3", "PutEvents"]


def test_who_listens_takes_the_whole_of_it(here):
    app, taken = listener(from_sqs_eventbridge)
    event = received(packed_by(here))
    assert app.handle(event, elsewhere(here)) == DONE
    assert [len(event["thing"]) for event in taken] == [len(LARGE)]


def test_nothing_is_fetched_for_an_event_that_stands_for_itself(here):
    app, taken = listener()
    app.handle(to_kinesis_records([an_event()]), here.world)
    assert (len(taken), here.aws.asked) == (1, [])


def hostile(**members: Any) -> dict[str, Any]:
    return {**an_event(), **members}


def bomb() -> dict[str, Any]:
    body = b" " * (52 * 1024 * 1024)
    data = base64.b64encode(gzip.compress(body, mtime=0)).decode()
    return {"codec": "gzip", "size": len(body), "data": data}


ELSEWHERE = ClaimCheck.of(b"{}", bucket="payroll", prefix="claims/").document()
GONE = ClaimCheck.of(b"{}", bucket=CLAIMS, prefix="claims/").document()
CASES = {
    "a bucket of somebody else": {"claimCheck": ELSEWHERE},
    "what is not there": {"claimCheck": GONE},
    "no claim check": {"claimCheck": "COMPRESSED"},
    "a bomb": {"compressed": bomb()},
    "damaged": {"compressed": {"codec": "gzip", "size": 3, "data": "AAAA"}},
}


@pytest.mark.parametrize("members", CASES.values(), ids=CASES.keys())
def test_a_hostile_event_is_one_fault_and_its_neighbours_are_done(here, members):
    app, taken = listener()
    batch = to_kinesis_records([an_event(1), hostile(**members), an_event(2)])
    assert app.handle(batch, here.world) == DONE
    assert [event.id for event in taken] == ["event-1", "event-2"]
    (fault,) = here.aws.faults
    assert fault["record"] == batch["Records"][1]


def test_while_the_bucket_is_out_of_reach_the_record_comes_again(here):
    app, taken = listener(from_sqs_eventbridge)
    event = packed_by(here)
    here.aws.broken[f"GET /{CLAIMS}/{event['claimCheck']['key']}"] = aws_error(
        "SlowDown", "", 503, "GET s3"
    )
    answer = app.handle(received(event), elsewhere(here))
    assert len(answer["batchItemFailures"]) == 1
    assert (taken, here.meter.counts["Faults"]) == ([], 0)
