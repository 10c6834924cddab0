"""Chaos `lose`: posts that are accepted and never arrive, and ends that nobody hears of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cdk_streamer_local.gateway.losses import DISCONNECT, POST, Losses
from cdk_streamer_local.pollers.chaos import CALM, Chaos
from tests.local.gateway.calls import Caller
from tests.local.gateway.engine import Event, StandIn, api, ok
from tests.local.gateway.running import Running, started

LOSING = Chaos.of(["lose"], 7)
POSTS = 60
CONNECTIONS = 8


@pytest.fixture(scope="module")
def unlucky(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    scratch = tmp_path_factory.mktemp("unlucky")
    engine = StandIn(scratch / "sockets")
    engine.apis["chat"] = api(dict.fromkeys(("$connect", "$disconnect", "$default"), "talk"))
    engine.functions["talk"] = ok
    with engine.served():
        yield from started(engine, scratch, chaos=LOSING.encode())


def own_id(gateway: Running) -> str:
    return gateway.engine.events("talk", "CONNECT")[-1]["requestContext"]["connectionId"]


def test_posts_are_accepted_and_lost_as_the_seed_says(unlucky: Running):
    caller = Caller(gateway=unlucky)
    with unlucky.connect(max_queue=None) as client:
        name = own_id(unlucky)
        statuses = {caller.post(name, str(number).encode()).status for number in range(POSTS)}
        caller.delete(name)
        heard = [int(text) for text in client]

    assert statuses == {200}
    assert heard == [number for number in range(POSTS) if not LOSING.loses(POST, number)]
    assert len(heard) < POSTS


def test_ends_are_lost_as_the_seed_says(tmp_path):
    engine = StandIn(tmp_path / "sockets")
    engine.apis["chat"] = api(dict.fromkeys(("$connect", "$disconnect", "$default"), "talk"))
    engine.functions["talk"] = ok
    heard_of = [not LOSING.loses(DISCONNECT, number) for number in range(CONNECTIONS)]
    with engine.served():
        gateways = started(engine, tmp_path, chaos=LOSING.encode())
        gateway = next(gateways)
        for number in range(CONNECTIONS):
            with gateway.connect():
                pass
            engine.wait_for(lambda n=number: len(ends(engine)) == sum(heard_of[: n + 1]))
        assert next(gateways, None) is None

    assert 0 < len(ends(engine)) < CONNECTIONS


def ends(engine: StandIn) -> list[Event]:
    return engine.events("talk", "DISCONNECT")


def test_what_is_lost_is_told():
    told: list[str] = []
    losses = Losses(LOSING, told.append)
    lost = [losses.post("here=") for _ in range(POSTS)]
    gone = [losses.disconnect("here=") for _ in range(CONNECTIONS)]

    assert told == ["lose: a post to here="] * sum(lost) + ["lose: the $disconnect of here="] * sum(
        gone
    )


def test_nothing_is_lost_unless_it_was_asked_for():
    losses = Losses(Chaos.of(["delay", "duplicate", "crash", "freeze"], 7), print)
    calm = Losses(CALM, print)

    assert not any(each.post("here=") for each in (losses, calm) for _ in range(200))
    assert not any(each.disconnect("here=") for each in (losses, calm) for _ in range(200))


def test_another_seed_loses_others():
    def lost(seed: int) -> list[bool]:
        chaos = Chaos.of(["lose"], seed)
        return [chaos.loses(POST, number) for number in range(400)]

    assert lost(1) == lost(1)
    assert lost(1) != lost(2)
    assert all(5 < sum(lost(seed)) < 50 for seed in range(5))
