"""Other devices of the same user: those that only listen, and those that answer questions."""

from __future__ import annotations

import json
from typing import Any

from cdk_streamer_runtime.sockets.connections import Caller, Connection
from tests.runtime.simulation.history import ENDED
from tests.runtime.simulation.jobs import COLORS
from tests.runtime.simulation.scheduler import START, Group
from tests.runtime.simulation.world import World

ALICE = Caller(tenant="acme", owner="alice", expires=START // 1000 + 30 * 86_400)
TERMINAL = {"complete", "error", "cancelled"}


class People:
    """Whoever answers what requests ask; each says something else, and says it once.

    They ask how it stands before they say it again, as people do who see the question still there.
    """

    def __init__(self, world: World) -> None:
        self.accepted: dict[tuple[str, str], dict[str, int]] = {}  # when, by color
        self._world = world
        self._asked: set[tuple[str, str]] = set()
        self._devices = 0

    def asked(self, request_id: str, input_id: str) -> None:
        """Let some of them answer a question, if they know it not yet."""
        if (request_id, input_id) in self._asked:
            return
        self._asked.add((request_id, input_id))
        random = self._world.scheduler.random
        delays = random.choice(((3_000,), (20_000,), (10, 500, 3_000, 9_990, 15_000)))
        for _ in range(random.choice((1, 1, 2, 3))):
            color = random.choice(COLORS)
            self._world.scheduler.spawn(
                Group("person"),
                lambda color=color: self._answer(request_id, input_id, color),
                random.choice(delays),
            )

    def _answer(self, request_id: str, input_id: str, color: str) -> None:
        """Answer, and once more as long as the question is there."""
        arguments = {"request_id": request_id, "input_id": input_id, "value": color}
        while True:
            said = self._ask("input", arguments)
            if said is not None and said.get("success"):
                told = self.accepted.setdefault((request_id, input_id), {})
                told[color] = self._world.scheduler.now
            seen = None
            while seen is None or not seen.get("success"):
                self._world.scheduler.sleep(20_000)
                seen = self._ask("get", {"request_id": request_id})
            data = seen["data"]
            if data["state"] != "INPUT_REQUIRED" or data["input"]["input_id"] != input_id:
                return

    def _ask(self, action: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        """Send a frame from a new device, and give its answer if it comes."""
        self._devices += 1
        world, device = self._world, f"device-{self._devices}"
        heard: list[dict[str, Any]] = []
        world.sockets.attach(device, lambda text: heard.append(json.loads(text)))
        connection = Connection(id=device, caller=ALICE, connected_at=world.scheduler.now)
        frame = {"action": action, "id": device, "payload": arguments}
        world.hear(connection, json.dumps(frame))
        for _ in range(30):
            world.scheduler.sleep(500)
            if heard:
                break
        world.sockets.close(device)
        return next((message for message in heard if message["type"] == "response"), None)


class Observer:
    """Subscribes once, at some moment, and then only listens."""

    def __init__(self, world: World, request_id: str, number: int) -> None:
        self.name = f"observer {number} of {request_id}"
        self.subscribed = False
        self.knows = False
        self._world = world
        self._request_id = request_id
        self._id = f"{request_id}-observer-{number}"
        delay = world.scheduler.random.randint(0, 45_000)
        world.scheduler.spawn(Group(self.name), self._subscribe, delay)

    def _subscribe(self) -> None:
        world = self._world
        world.sockets.attach(self._id, self._receive)
        connection = Connection(id=self._id, caller=ALICE, connected_at=world.scheduler.now)
        frame = {"action": "subscribe", "payload": {"request_id": self._request_id}}
        world.hear(connection, json.dumps(frame))

    def _receive(self, text: str) -> None:
        message = json.loads(text)
        if message["type"] == "response":
            self.subscribed = True
            self.knows = self.knows or message["data"]["state"] in ENDED
        elif message["type"] in TERMINAL and "seq" in message:
            self.knows = True
