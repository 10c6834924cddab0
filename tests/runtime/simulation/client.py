"""Clients: the real session of the Python client, over a network that loses and reorders."""

from __future__ import annotations

import json

from cdk_streamer_client.errors import InternalError, RequestFailed
from cdk_streamer_client.messages import Acknowledged, Completed, Failed, Message
from cdk_streamer_client.session import (
    Close,
    Ended,
    Heard,
    Open,
    Output,
    Send,
    Session,
)
from cdk_streamer_runtime.sockets.connections import Caller, Connection
from tests.runtime.simulation.scheduler import START, Group
from tests.runtime.simulation.world import World

TERMINAL = {"complete", "error", "cancelled"}
ENDED = {"SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"}


class Client:
    """Submits one request and follows it to its end."""

    def __init__(
        self, world: World, request_id: str, *, action: str, cancel_after: int | None
    ) -> None:
        self.world = world
        self.request_id = request_id
        self.action = action
        self.seen: list[Message] = []  # what it would show its user
        self.outcome: Completed | Failed | None = None
        self.left = False
        self.cancelled = False
        self._cancel_after = cancel_after
        self._session = Session(uniform=world.scheduler.random.random, refreshable=True)
        self._links: dict[int, Connection] = {}
        self._caller = Caller(tenant="acme", owner="alice", expires=START // 1000 + 86_400)
        self._group = Group(f"client {request_id}")

    def start(self, delay: int) -> None:
        self.world.scheduler.spawn(self._group, self._live, delay)
        if self._cancel_after is not None:
            self.world.scheduler.spawn(self._group, self._cancel, delay + self._cancel_after)

    def _live(self) -> None:
        scheduler = self.world.scheduler
        self._session.start(scheduler.now)
        self._submit()
        while self.outcome is None and not self.left:
            wake = self._session.wake_at()
            pause = 1_000 if wake is None else min(max(wake - scheduler.now, 0), 1_000)
            scheduler.sleep(pause)
            self._session.tick(scheduler.now)
            self._do_all()
            self._suffer(pause)

    def _restart(self) -> None:
        self._session = Session(uniform=self.world.scheduler.random.random, refreshable=True)
        self._session.start(self.world.scheduler.now)
        self.seen.clear()
        self._submit()

    def _submit(self) -> None:
        self._session.submit(
            self.request_id, self.world.scheduler.now, action=self.action, payload={}
        )
        self._do_all()

    def _cancel(self) -> None:
        while self.outcome is None and not self.left:
            self.cancelled = True
            arguments = {"request_id": self.request_id}
            self._session.call("cancel", arguments, self.world.scheduler.now)
            self._do_all()
            self.world.scheduler.sleep(25_000)

    def _suffer(self, pause: int) -> None:
        """Lose a connection now and then, and for good sometimes."""
        random, faults = self.world.scheduler.random, self.world.faults
        if not self._links or random.random() >= faults.disconnect * pause / 5_000:
            return
        link = random.choice(sorted(self._links))
        self.world.scheduler.note(f"{self._links[link].id} is cut")
        self._cut(link)
        if random.random() < faults.leave:
            self.left = True
            return
        self._session.lost(link, self.world.scheduler.now, reason="cut")
        self._do_all()

    def _cut(self, link: int) -> None:
        self.world.sockets.close(self._links.pop(link).id)

    # --- what the session puts out --------------------------------------------------------------

    def _do_all(self) -> None:
        while outputs := self._session.outputs():
            for output in outputs:
                self._do(output)

    def _do(self, output: Output) -> None:
        match output:
            case Open(link=link):
                self._open(link)
            case Send(link=link, text=text) if link in self._links:
                self.world.hear(self._links[link], text)
            case Close(link=link) if link in self._links:
                self._cut(link)
            case Heard(message=message):
                self._hear(message)
            case Ended():
                # It never was connected and gave up: the user starts the program again.
                self.world.scheduler.spawn(self._group, self._restart, 5_000)
            case _:
                pass

    def _open(self, link: int) -> None:
        scheduler = self.world.scheduler

        def arrive() -> None:
            connection = Connection(
                id=f"{self.request_id}-{link}", caller=self._caller, connected_at=scheduler.now
            )
            self._links[link] = connection
            self.world.sockets.attach(connection.id, lambda text: self._receive(link, text))
            self._session.opened(link, scheduler.now)
            self._do_all()

        scheduler.spawn(self._group, arrive, scheduler.random.randint(20, 80))

    def _receive(self, link: int, text: str) -> None:
        self._session.received(link, text, self.world.scheduler.now)
        self._do_all()

    def _hear(self, message: Message) -> None:
        if isinstance(message, Failed) and not isinstance(message.error, RequestFailed):
            return
        if isinstance(message, Failed) and isinstance(message.error, InternalError):
            # The service could not take the request; the user tries again, by the same id.
            self.world.scheduler.spawn(self._group, self._submit, 5_000)
            return
        if not isinstance(message, Acknowledged):
            self.seen.append(message)
        if isinstance(message, Completed | Failed):
            assert self.outcome is None, f"{self.request_id} ended twice"
            self.outcome = message


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
