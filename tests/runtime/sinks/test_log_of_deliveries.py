"""What a sink's log knows: which message, and what became of it. Never what it was about."""

from __future__ import annotations

import logging

import pytest

from cdk_streamer_runtime.contract.sinks import KEY_ATTRIBUTE, PROBE_MEMBER
from cdk_streamer_runtime.errors import DownstreamUnavailable, Permanent, Retryable
from cdk_streamer_runtime.sinks.record import SinkRecord
from tests.runtime.observed_aws import request_lost
from tests.runtime.sinks.world import World

CANARY = "canary7f3a"


def canary(kind: str = "String") -> dict[str, str]:
    return {"DataType": kind, "StringValue": CANARY}


def act(record: SinkRecord) -> None:
    """Fail in as many ways as there are receives."""
    errors = {
        1: RuntimeError("no luck"),
        2: Retryable("busy"),
        3: DownstreamUnavailable("down"),
        4: TimeoutError(),
    }
    if record.attempt in errors:
        raise errors[record.attempt]
    _ = record.data


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("fifo", [False, True])
def test_no_log_quotes_a_message(caplog, together, fifo):
    caplog.set_level(logging.DEBUG)
    world = World(together=together, fifo=fifo, rate=10, remember_seconds=60, breaker_failures=100)
    world.author.act = act
    world.send(CANARY, CANARY, group=CANARY, **{KEY_ATTRIBUTE: canary(), "tenant": canary()})
    world.aws.on("ChangeMessageVisibilityBatch", request_lost)
    for _ in range(8):
        records = world.receive()
        world.handle(records)
        world.worker.handle({"Records": records, PROBE_MEMBER: {}}, 60_000)
        world.platform.advance(900_000)
    world.aws.on("UpdateItem", *[request_lost] * 200)
    world.send(CANARY, group=CANARY)
    world.handle()
    told = [str(vars(record)) + (record.exc_text or "") for record in caplog.records]
    assert len(told) > 8
    assert [line for line in told if CANARY in line] == []


def test_what_is_logged_names_the_message(caplog):
    world = World()
    world.author.act = act
    world.send("a")
    (record,) = world.receive()
    world.handle([record])
    (entry,) = [each for each in caplog.records if each.getMessage() == "delivery failed"]
    assert vars(entry)["message_id"] == record["messageId"]
    assert vars(entry)["attempt"] == 1
    assert vars(entry)["error"] == "RuntimeError"


def test_why_a_message_was_rejected_is_in_the_log_too(caplog):
    world = World()

    def reject(_record: SinkRecord) -> None:
        raise Permanent("no such account")

    world.author.act = reject
    world.send("a")
    world.handle()
    (entry,) = [each for each in caplog.records if each.getMessage() == "delivery failed"]
    assert (entry.levelname, vars(entry)["reason"]) == ("WARNING", "no such account")
    assert entry.exc_info is None
