"""When a connection is read on: not before everything that it waits for is over."""

from __future__ import annotations

import itertools

import pytest
from websockets.server import ServerProtocol

from cdk_streamer_local.gateway.client import Client
from cdk_streamer_local.gateway.connection import Connection
from tests.local.gateway.test_events import CLIENT


class Tap:
    """A wire that tells whether it is read."""

    def __init__(self) -> None:
        self.is_read = True

    def write(self, data: bytes) -> None:
        del data

    def close(self) -> None:
        self.is_read = False

    def linger(self) -> None:
        """It has all the time."""

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        self.is_read = False

    def resume_reading(self) -> None:
        self.is_read = True


def connection_on(tap: Tap, client: Client = CLIENT) -> Connection:
    return Connection(client, ServerProtocol(), tap, lambda *_: None, lambda *_: None)


def step(connection: Connection, name: str) -> None:
    match name:
        case "hold":
            connection.hold()
        case "go on":
            connection.go_on()
        case "stuffed":
            connection.stuffed(is_stuffed=True)
        case _:
            connection.stuffed(is_stuffed=False)


@pytest.mark.parametrize(
    "order",
    [
        order
        for order in itertools.permutations(["hold", "go on", "stuffed", "empty"])
        if order.index("hold") < order.index("go on")
        and order.index("stuffed") < order.index("empty")
    ],
)
def test_who_is_held_or_does_not_read_is_not_read(order: tuple[str, ...]):
    tap = Tap()
    connection = connection_on(tap)
    waits_for = set[str]()
    for name in order:
        step(connection, name)
        match name:
            case "hold" | "stuffed":
                waits_for.add(name)
            case "go on":
                waits_for.discard("hold")
            case _:
                waits_for.discard("stuffed")
        assert tap.is_read is not bool(waits_for), name
