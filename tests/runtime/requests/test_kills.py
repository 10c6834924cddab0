"""Invocations that are killed before or after any call: every request ends all the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime import AsyncApp, Progress, RequestContext, Retry
from cdk_streamer_runtime.contract import RESULT_BYTES, State
from cdk_streamer_runtime.documents import decode
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.transitions import TERMINAL
from cdk_streamer_runtime.sockets.connections import Connection
from tests.runtime.api import ANN, ObservedApi
from tests.runtime.observed_aws import Killed
from tests.runtime.wire import faults

PUSHED = {"progress", "chunk", "retrying", "complete", "error", "cancelled"}
HOURS = 6 * 3_600_000
FRAME = {"action": "job", "id": "r1", "payload": {"month": 11}}


@dataclass
class World:
    """An API, a client that asks once, and how often the handler started and returned."""

    api: ObservedApi
    ann: Connection
    started: list[int] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)

    def live(self) -> Request:
        """Let everything happen that ever will."""
        self.api.wait(HOURS)
        return self.api.stored(ANN, "r1")


Handler = Callable[[World, Progress, RequestContext], Any]


def succeeds(world: World, progress: Progress, context: RequestContext) -> str:
    progress.report(10)
    progress.report(90)
    return "done"


def puts_out(world: World, progress: Progress, context: RequestContext) -> str:
    progress.chunk(f"{context.attempt}: once")
    progress.chunk(f"{context.attempt}: upon a time")
    return "a" * 2 * RESULT_BYTES


def fails(world: World, progress: Progress, context: RequestContext) -> None:
    progress.report(10)
    raise OSError


def fails_once(world: World, progress: Progress, context: RequestContext) -> str:
    if context.attempt == 1:
        raise OSError
    return "done"


def is_cancelled(world: World, progress: Progress, context: RequestContext) -> None:
    try:
        world.api.hear(
            world.api.connect(ANN), {"action": "cancel", "payload": {"request_id": "r1"}}
        )
    except Killed:
        world.api.hear(
            world.api.connect(ANN), {"action": "cancel", "payload": {"request_id": "r1"}}
        )
    progress.check()


def new_world(handler: Handler, retry: Retry | None = None) -> World:
    app = AsyncApp()

    @app.action("job", mode="async", retry=retry or Retry(max_attempts=3, on=()))
    def job(payload: Any, progress: Progress, context: RequestContext) -> Any:
        world.started.append(context.attempt)
        result = handler(world, progress, context)
        world.returned.append(context.attempt)
        return result

    api = ObservedApi(app)
    world = World(api=api, ann=api.connect(ANN))
    return world


LIVES: dict[str, tuple[Handler, Retry | None, set[State]]] = {
    "puts out": (puts_out, None, {State.SUCCEEDED}),
    "succeeds": (succeeds, None, {State.SUCCEEDED}),
    "fails": (fails, None, {State.FAILED}),
    "fails once": (fails_once, Retry(delay=5), {State.SUCCEEDED}),
    "is cancelled": (is_cancelled, None, {State.CANCELLED}),
}


def calm_calls(name: str) -> int:
    """Count the calls of a life in which nothing happens."""
    handler, retry, _ends = LIVES[name]
    world = new_world(handler, retry)
    world.api.hear(world.ann, FRAME)
    world.live()
    return len(world.api.observed.calls)


def accepted(name: str) -> tuple[World, set[State], int]:
    handler, retry, ends = LIVES[name]
    world = new_world(handler, retry)
    world.api.hear(world.ann, FRAME)
    return world, ends, len(world.api.observed.calls)


KILLS = [(name, number) for name in LIVES for number in range(calm_calls(name) - 2)]


def check_end(world: World, request: Request, ends: set[State]) -> None:
    assert request.state in ends
    assert world.api.aws.messages("work") == []
    assert world.api.aws.messages("watch") == []
    messages = world.api.messages(world.ann)
    assert [fault for message in messages for fault in faults(message)] == []
    pushed = [message for message in messages if message["type"] in PUSHED]
    numbers = [message["seq"] for message in pushed]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize(("name", "number"), KILLS)
def test_a_function_that_is_killed_before_a_call_leaves_nothing_for_ever(name: str, number: int):
    world, ends, calls = accepted(name)
    world.api.observed.kill_before = {calls + number}

    check_end(world, world.live(), ends)


@pytest.mark.parametrize(("name", "number"), KILLS)
def test_a_function_that_is_killed_after_a_call_leaves_nothing_for_ever(name: str, number: int):
    world, ends, calls = accepted(name)
    world.api.observed.kill_after = {calls + number}

    check_end(world, world.live(), ends)


@pytest.mark.parametrize("number", range(calm_calls("puts out") - 2))
@pytest.mark.parametrize("after", [False, True])
def test_a_function_that_is_killed_leaves_the_output_of_one_attempt(number: int, *, after: bool):
    world, _ends, calls = accepted("puts out")
    kills = world.api.observed.kill_after if after else world.api.observed.kill_before
    kills.add(calls + number)
    request = world.live()

    frame = {"action": "get", "payload": {"request_id": "r1", "chunks_from": 0}}
    (answer,) = world.api.ask(world.api.connect(ANN), frame)
    chunks = [chunk["data"] for chunk in answer["data"]["chunk_page"]["chunks"]]
    assert chunks == [f"{request.attempt}: once", f"{request.attempt}: upon a time"]
    assert decode(world.api.aws.objects.open("GET", answer["data"]["result_url"])) == (
        "a" * 2 * RESULT_BYTES
    )


@pytest.mark.parametrize("name", LIVES)
@pytest.mark.parametrize("number", [0, 1])
def test_a_client_that_asks_again_has_one_request(name: str, number: int):
    handler, retry, ends = LIVES[name]
    world = new_world(handler, retry)
    world.api.observed.kill_after = {number}
    with pytest.raises(Killed):
        world.api.hear(world.ann, FRAME)
    world.api.hear(world.ann, FRAME)

    check_end(world, world.live(), ends)
    assert len(set(world.started)) == len(world.started)


@settings(max_examples=80)
@given(
    name=st.sampled_from(sorted(LIVES)),
    numbers=st.sets(st.integers(0, 60), max_size=12),
    after=st.booleans(),
)
def test_however_often_functions_are_killed_the_request_ends(
    name: str, numbers: set[int], *, after: bool
):
    world, _ends, calls = accepted(name)
    kills = {calls + number for number in numbers}
    world.api.observed.kill_after = kills if after else set()
    world.api.observed.kill_before = set() if after else kills
    request = world.live()

    check_end(world, request, set(TERMINAL))
    assert len(set(world.started)) == len(world.started)  # an attempt starts once
    assert request.state is not State.SUCCEEDED or world.returned
