"""Sink for progress channels."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cdk_streamer_runtime.contract import PublisherEnvironment
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.memory.resources import ENDPOINT, TABLE
from cdk_streamer_runtime.sockets.channels import ChannelStore
from cdk_streamer_runtime.streams.sinks.progress import report
from cdk_streamer_runtime.testing import MemoryAws
from tests.runtime.streams.sinks.sending import unit

SETTINGS = PublisherEnvironment(name="socket", table_name=TABLE.name, endpoint=ENDPOINT)
STEP = report(environment=lambda: SETTINGS)


@pytest.fixture
def aws(surroundings) -> MemoryAws:
    aws = MemoryAws(clock=surroundings.platform.clock, tables=[TABLE])
    surroundings.world = replace(surroundings.world, aws=aws)
    aws.connections.open("c1")
    store = ChannelStore(Table(aws, TABLE.name))
    store.subscribe("tenant", "orders", "c1", START // 1000 + 3600, START)
    return aws


def heard(aws) -> list[dict]:
    return [json.loads(message) for message in aws.connections.messages("c1")]


def asked(**content):
    return unit(progress_request={"channel": "orders", "tenant": "tenant", **content})


def test_subscribers_of_a_channel_hear_of_an_event(surroundings, aws):
    surroundings.send(STEP, asked(percentage=40, message="packed", order="7"))
    (message,) = heard(aws)
    assert (message["type"], message["percentage"]) == ("progress", 40)
    assert message["metadata"] == {"order": "7"}


def test_a_channel_is_completed_with_a_result(surroundings, aws):
    surroundings.send(STEP, asked(result={"orders": 3}))
    (message,) = heard(aws)
    assert (message["type"], message["result"]) == ("complete", {"orders": 3})


def test_a_channel_fails_with_an_error(surroundings, aws):
    surroundings.send(STEP, asked(error={"code": "PROCESSING_FAILED", "message": "no stock"}))
    (message,) = heard(aws)
    assert message["error"]["message"] == "no stock"


def test_a_report_names_its_channel(surroundings):
    with pytest.raises(ValueError, match="the request has no 'channel'"):
        surroundings.send(STEP, unit(progress_request={"tenant": "t"}))
