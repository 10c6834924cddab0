"""Clients: the real session of the Python client, over a network that loses and reorders."""

from __future__ import annotations

from cdk_streamer_client.errors import ConnectionLost, InternalError, RateLimited, RequestFailed
from cdk_streamer_client.messages import (
    Acknowledged,
    Completed,
    Failed,
    InputRequired,
    Message,
)
from cdk_streamer_client.session import (
    Close,
    Ended,
    Fetch,
    Heard,
    Open,
    Output,
    Send,
    Session,
    Subject,
)
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.sockets.connections import Connection
from tests.runtime.simulation.people import ALICE, People
from tests.runtime.simulation.scheduler import Group
from tests.runtime.simulation.wish import Wish
from tests.runtime.simulation.world import World


class Client:
    """Submits one request over a socket and follows it to its end."""

    def __init__(self, world: World, people: People, wish: Wish) -> None:
        self.world = world
        self.wish = wish
        self.seen: list[Message] = []  # what it would show its user
        self.outcome: Completed | Failed | None = None
        self.left = False
        self.cancelled = False
        self._people = people
        self._session = self._new_session()
        self._links: dict[int, Connection] = {}
        self._group = Group(f"client {wish.request_id}")

    def start(self, delay: int) -> None:
        self.world.scheduler.spawn(self._group, self._live, delay)
        if self.wish.cancel_after is not None:
            self.world.scheduler.spawn(self._group, self._cancel, delay + self.wish.cancel_after)

    def _new_session(self) -> Session:
        return Session(uniform=self.world.scheduler.random.random, refreshable=True)

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
        self._session = self._new_session()
        self._session.start(self.world.scheduler.now)
        self.seen.clear()
        self._submit()

    def _submit(self) -> None:
        self._session.submit(
            self.wish.request_id,
            self.world.scheduler.now,
            action=self.wish.action,
            payload={},
            webhook=self.wish.webhook,
        )
        self._do_all()

    def _attach(self) -> None:
        """Follow anew what could not be followed to its end."""
        self.seen.clear()
        subject = Subject(request_id=self.wish.request_id)
        self._session.follow(subject, self.world.scheduler.now)
        self._do_all()

    def _cancel(self) -> None:
        while self.outcome is None and not self.left:
            self.cancelled = True
            arguments = {"request_id": self.wish.request_id}
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
            case Fetch():
                self._fetch(output)
            case Ended():
                # It never was connected and gave up: the user starts the program again.
                self.world.scheduler.spawn(self._group, self._restart, 5_000)
            case _:
                pass

    def _open(self, link: int) -> None:
        scheduler = self.world.scheduler

        def arrive() -> None:
            connection = Connection(
                id=f"{self.wish.request_id}-{link}", caller=ALICE, connected_at=scheduler.now
            )
            self._links[link] = connection
            self.world.sockets.attach(connection.id, lambda text: self._receive(link, text))
            self._session.opened(link, scheduler.now)
            self._do_all()

        scheduler.spawn(self._group, arrive, scheduler.random.randint(20, 80))

    def _receive(self, link: int, text: str) -> None:
        self._session.received(link, text, self.world.scheduler.now)
        self._do_all()

    def _fetch(self, fetch: Fetch) -> None:
        scheduler, session = self.world.scheduler, self._session

        def read() -> None:
            broken = scheduler.random.random() < self.world.faults.fetch_failed
            try:
                text = self.world.memory.objects.open("GET", fetch.url).decode()
            except AwsError as error:
                session.unfetched(fetch.fetch, scheduler.now, reason=str(error))
            else:
                if broken:
                    session.unfetched(fetch.fetch, scheduler.now, reason="the connection broke")
                else:
                    session.fetched(fetch.fetch, text, scheduler.now)
            if session is self._session:
                self._do_all()

        scheduler.spawn(self._group, read, scheduler.random.randint(20, 2_000))

    def _hear(self, message: Message) -> None:
        scheduler = self.world.scheduler
        if isinstance(message, Failed) and not isinstance(message.error, RequestFailed):
            if isinstance(message.error, ConnectionLost):
                scheduler.spawn(self._group, self._attach, 5_000)
            return
        if isinstance(message, Failed) and isinstance(message.error, InternalError | RateLimited):
            # The service could not take the request; the user tries again, by the same id.
            wait = int((message.error.retry_after or 5) * 1000)
            scheduler.spawn(self._group, self._submit, wait)
            return
        if not isinstance(message, Acknowledged):
            self.seen.append(message)
        if isinstance(message, InputRequired):
            self._people.asked(self.wish.request_id, message.input_id)
        if isinstance(message, Completed | Failed):
            assert self.outcome is None, f"{self.wish.request_id} ended twice"
            self.outcome = message
