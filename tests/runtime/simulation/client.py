"""A client that follows the contract: one request, whatever happens on the way."""

from __future__ import annotations

import json
from typing import Any

from cdk_streamer_runtime.sockets.connections import Caller, Connection

from tests.runtime.simulation.scheduler import START, Group
from tests.runtime.simulation.world import World

POLL = 25_000
ANSWER = 10_000
TERMINAL = {"complete", "error", "cancelled"}
ENDED = {"SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"}


class Client:
    """Submits one request and follows it to its end."""

    def __init__(self, world: World, request_id: str, *, action: str, cancel_after: int | None) -> None:
        self.world = world
        self.request_id = request_id
        self.action = action
        self.seen: list[dict[str, Any]] = []  # what it would show its user
        self.outcome: dict[str, Any] | None = None
        self.outcome_at = 0
        self.accepted = False
        self.left = False
        self.cancelled = False
        self._cancel_after = cancel_after
        self._seq = 0
        self._connections = 0
        self._connection: Connection | None = None
        self._caller = Caller(tenant="acme", owner="alice", expires=START // 1000 + 86_400)
        self._group = Group(f"client {request_id}")

    def start(self, delay: int) -> None:
        self.world.scheduler.spawn(self._group, self._live, delay)
        if self._cancel_after is not None:
            self.world.scheduler.spawn(self._group, self._cancel, delay + self._cancel_after)

    def _live(self) -> None:
        scheduler, faults = self.world.scheduler, self.world.faults
        random = scheduler.random
        while self.outcome is None:
            if self._connection is None:
                self._connect()
            self._ask()
            end = scheduler.now + (POLL if self.accepted else ANSWER)
            while self.outcome is None and scheduler.now < end:
                scheduler.sleep(500)
                if random.random() < faults.disconnect / 10:
                    self._disconnect()
                    if random.random() < faults.leave:
                        self.left = True
                        return
                    scheduler.sleep(random.randint(500, 30_000))
                    break

    def _connect(self) -> None:
        self._connections += 1
        connection = Connection(
            id=f"{self.request_id}-{self._connections}",
            caller=self._caller,
            connected_at=self.world.scheduler.now,
        )
        self._connection = connection
        self.world.sockets.attach(connection.id, self._receive)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self.world.scheduler.note(f"{self._connection.id} disconnects")
            self.world.sockets.close(self._connection.id)
            self._connection = None

    def _ask(self) -> None:
        """Submit until it is accepted, with the same id; from then on poll by subscribing."""
        if self.accepted:
            payload = {"request_id": self.request_id, "after_seq": self._seq}
            self._send({"action": "subscribe", "payload": payload})
        else:
            self._send({"action": self.action, "id": self.request_id, "payload": {}})

    def _cancel(self) -> None:
        while self.outcome is None and not self.left:
            if self._connection is not None and self.accepted:
                self.cancelled = True
                self._send({"action": "cancel", "payload": {"request_id": self.request_id}})
            self.world.scheduler.sleep(POLL)

    def _send(self, frame: dict[str, Any]) -> None:
        assert self._connection is not None
        self.world.hear(self._connection, json.dumps(frame))

    def _receive(self, text: str) -> None:
        message = json.loads(text)
        kind = message["type"]
        if kind == "response":
            data = message.get("data") or {}
            if data.get("type") == "snapshot":
                self._snapshot(data)
        elif message.get("request_id") != self.request_id or "seq" not in message:
            return
        elif kind == "acknowledgment":
            self.accepted = True
        elif kind == "snapshot":
            self._snapshot(message)
        else:
            self._news(message)

    def _news(self, message: dict[str, Any]) -> None:
        self.accepted = True
        if message["seq"] <= self._seq or self.outcome is not None:
            return
        self._seq = message["seq"]
        self.seen.append(message)
        if message["type"] in TERMINAL:
            self._end(message)

    def _snapshot(self, snapshot: dict[str, Any]) -> None:
        self.accepted = True
        if self.outcome is not None or snapshot["seq"] < self._seq:
            return
        self._seq = snapshot["seq"]
        self.seen.append(snapshot)
        if snapshot["state"] in ENDED:
            self._end(snapshot)

    def _end(self, message: dict[str, Any]) -> None:
        self.outcome = message
        self.outcome_at = self.world.scheduler.now


class Observer:
    """Another device of the same user: subscribes once, at some moment, and then only listens."""

    def __init__(self, world: World, client: Client, number: int) -> None:
        self.name = f"observer {number} of {client.request_id}"
        self.subscribed = False
        self.knows = False
        self._world = world
        self._client = client
        self._caller = Caller(tenant="acme", owner="alice", expires=START // 1000 + 86_400)
        self._id = f"{client.request_id}-observer-{number}"
        delay = world.scheduler.random.randint(0, 45_000)
        world.scheduler.spawn(Group(self.name), self._subscribe, delay)

    def _subscribe(self) -> None:
        self._world.sockets.attach(self._id, self._receive)
        connection = Connection(
            id=self._id, caller=self._caller, connected_at=self._world.scheduler.now
        )
        frame = {"action": "subscribe", "payload": {"request_id": self._client.request_id}}
        self._world.hear(connection, json.dumps(frame))

    def _receive(self, text: str) -> None:
        message = json.loads(text)
        if message["type"] == "response":
            self.subscribed = True
            self.knows = self.knows or message["data"]["state"] in ENDED
        elif message["type"] in TERMINAL and "seq" in message:
            self.knows = True
