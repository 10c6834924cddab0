"""Streams and queues deliver at least once: one execution all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime import AsyncApp, Progress
from cdk_streamer_runtime.contract import State
from cdk_streamer_runtime.memory.api import TABLE
from cdk_streamer_runtime.requests.queues import Queue, WorkMessage
from cdk_streamer_runtime.sockets.connections import Connection
from tests.runtime.api import ANN, ObservedApi

HOURS = 3 * 3_600_000


class Counting:
    """An API that counts executions, and delivers as often as a test wants."""

    def __init__(self) -> None:
        self.executions = 0
        app = AsyncApp()
        app.action("job", mode="async")(self._handle)
        self.api = ObservedApi(app)
        self.ann: Connection = self.api.connect(ANN)
        self.meanwhile: Callable[[], object] = lambda: None

    def _handle(self, progress: Progress) -> int:
        self.executions += 1
        progress.report(50)
        self.meanwhile()
        return self.executions

    def submit(self) -> None:
        self.api.hear(self.ann, {"action": "job", "id": "r1"})

    def stream_again(self) -> None:
        records = self.api.aws.stream_records(TABLE.name)
        self.api.dispatcher.dispatch(records)

    def work_again(self) -> None:
        for attempt in (1, 2):
            message = WorkMessage(key=self.api.stored(ANN, "r1").key, attempt=attempt)
            Queue(self.api.aws, self.api.aws.queue_url("work")).send(message)

    @property
    def kinds(self) -> list[str]:
        return [message["type"] for message in self.api.messages(self.ann)]


def finished(world: Counting) -> None:
    world.api.wait(HOURS)
    assert world.executions == 1
    assert world.api.stored(ANN, "r1").result == 1
    assert world.kinds == ["acknowledgment", "progress", "complete"]
    assert world.api.aws.messages("work") == []
    assert world.api.aws.messages("watch") == []


def test_a_batch_of_the_stream_that_comes_twice_is_one_execution():
    world = Counting()
    world.submit()
    world.stream_again()
    world.stream_again()

    finished(world)


def test_a_work_message_that_comes_while_it_is_done_is_one_execution():
    world = Counting()
    world.meanwhile = lambda: (world.work_again(), world.api.work(), world.api.work())
    world.submit()

    finished(world)


def test_a_work_message_that_comes_after_it_was_done_is_one_execution():
    world = Counting()
    world.submit()
    world.api.settle()
    world.work_again()

    finished(world)


def test_a_stream_that_comes_while_it_is_done_is_one_execution():
    world = Counting()
    world.meanwhile = world.stream_again
    world.submit()

    finished(world)


@pytest.mark.parametrize("deleted", [True, False], ids=["by the TTL", "past the TTL"])
def test_a_record_of_what_is_gone_starts_nothing(*, deleted: bool):
    world = Counting()
    world.submit()
    world.api.settle()
    key = world.api.stored(ANN, "r1").key
    if deleted:
        parameters = {"TableName": TABLE.name, "Key": {"pk": {"S": key}, "sk": {"S": "request"}}}
        world.api.aws.call("dynamodb", "DeleteItem", parameters)
    world.api.wait(30 * 24 * HOURS)
    world.stream_again()
    world.api.wait(HOURS)

    assert world.executions == 1


STEPS = st.lists(st.sampled_from(["stream", "work", "submit", "watch", "time"]), max_size=8)


@settings(max_examples=60)
@given(STEPS, STEPS)
def test_whatever_comes_again_at_whatever_moment_is_one_execution(
    during: list[str], afterwards: list[str]
):
    world = Counting()
    steps: dict[str, Callable[[], Any]] = {
        "stream": world.stream_again,
        "work": lambda: (world.work_again(), world.api.work()),
        "submit": world.submit,
        "watch": world.api.watch,
        "time": lambda: world.api.platform.advance(4_000),
    }
    world.meanwhile = lambda: [steps[step]() for step in during]
    world.submit()
    world.api.settle()
    for step in afterwards:
        steps[step]()
    world.api.wait(HOURS)

    assert world.executions == 1
    assert world.api.stored(ANN, "r1").state is State.SUCCEEDED
    assert world.kinds.count("complete") == 1
