"""What is compared: a way to keep timers, its functions and its services."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import ClassVar

from cdk_streamer_runtime.documents import decode
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.memory.queues import QueueSchema
from cdk_streamer_runtime.memory.tables import IndexSchema, TableSchema
from cdk_streamer_runtime.timers.definition import Definition
from cdk_streamer_runtime.timers.table.items import timer_of, trace_item
from cdk_streamer_runtime.timers.timer import Timer
from tests.runtime.simulation.scheduler import Group
from tests.runtime.timers.simulation.callbacks import Callbacks, Delivery
from tests.runtime.timers.simulation.history import History
from tests.runtime.timers.simulation.judge import Score
from tests.runtime.timers.simulation.queues import Message
from tests.runtime.timers.simulation.scenarios import Scenario
from tests.runtime.timers.simulation.wishes import Answer, Verb, Wish
from tests.runtime.timers.simulation.world import Invocation, World

TABLE = "timers"
API_TIMEOUT = 29_000
CALLBACK_TIMEOUT = 30_000
RETRIES = (60_000, 120_000)  # of an asynchronous invocation, after so long


class Protocol(ABC):
    """One way to keep timers."""

    name: ClassVar[str]

    has_policies: ClassVar[bool] = False  # of misfires

    def __init__(
        self, world: World, history: History, callbacks: Callbacks, scenario: Scenario
    ) -> None:
        """Take the world; `start` puts the services into it."""
        self.scenario = scenario
        self.world = world
        self.history = history
        self.callbacks = callbacks

    @abstractmethod
    def start(self) -> None:
        """Create table and queues, and let the services run."""

    @abstractmethod
    def serve(self, invocation: Invocation, wishes: list[Wish]) -> Answer:
        """Do what the API's function does with a request."""

    @abstractmethod
    def settled_at(self, id: str, moment: int) -> int:
        """Give when everything of a moment had been sent, or should have been."""

    def faults(self, score: Score) -> Iterator[str]:
        """Tell what else is wrong, of what this protocol promises beyond the firings."""
        del score
        yield from ()

    def fitting(self, definition: Definition) -> Definition:
        """Give the timer as it can be had here."""
        return definition

    def ask(self, wishes: list[Wish]) -> Answer | None:
        """Ask the API once and wait; None: nobody answered."""
        answers: list[Answer] = []
        group = self.world.invoke(
            "api",
            lambda invocation: answers.append(self.serve(invocation, wishes)),
            API_TIMEOUT,
        )
        self.world.scheduler.wait_for(group, API_TIMEOUT)
        lost = self.world.scheduler.random.random() < self.world.faults.response_lost
        return None if lost or not answers else answers[0]

    def tick(self, function: str, run: Callable[[Invocation], object], timeout: int) -> None:
        """Invoke a function as EventBridge does: again when it failed, twice at most."""
        scheduler = self.world.scheduler
        for pause in (0, *RETRIES):
            scheduler.sleep(pause)
            group: Group = self.world.invoke(function, run, timeout)
            scheduler.wait_for(group, timeout + 1_000)
            if group.ended:
                return


class NaiveProtocol(Protocol):
    """What both simpler ways have in common: one item a timer, and an index to find it by."""

    index: ClassVar[IndexSchema]
    queue: ClassVar[QueueSchema]
    is_fifo: ClassVar[bool] = False
    patience = 25 * 60_000  # a change within that time of a firing excuses it

    def start(self) -> None:
        """Create table and queue; a tick a minute goes straight to the dispatcher."""
        world = self.world
        schema = TableSchema(
            name=TABLE, partition_key="pk", sort_key="sk", indexes=(self.index,), stream=True
        )
        world.create_table(schema, self.history.take)
        queue = world.queues.create(self.queue, fifo=self.is_fifo, poison=True)
        world.consume(queue, "callback", CALLBACK_TIMEOUT, self._call_back)
        world.every_minute(lambda: self.tick("dispatcher", self.dispatch, 120_000))

    @abstractmethod
    def store(self, table: Table, timer: Timer, before: Timer | None) -> None:
        """Store a timer, in place of what there was."""

    def forget(self, table: Table, timer: Timer) -> None:
        """Remove what lies beside the timer itself."""

    @abstractmethod
    def dispatch(self, invocation: Invocation) -> None:
        """Send what is due."""

    def settled_at(self, id: str, moment: int) -> int:
        """Give when everybody would say that it is too late."""
        del id
        return moment * 1000 + self.patience

    def serve(self, invocation: Invocation, wishes: list[Wish]) -> Answer:
        """Read, decide and write, one timer after the other."""
        table, now = Table(invocation.aws, TABLE), invocation.platform.clock()
        revisions = tuple(self._serve_one(table, wish, now) for wish in wishes)
        statuses = tuple(404 if revision is None else 200 for revision in revisions)
        return Answer(statuses=statuses, revisions=revisions)

    def _serve_one(self, table: Table, wish: Wish, now: int) -> int | None:
        item = table.get(_key(wish.id))
        there = item is not None and "schedule" in item
        before = timer_of(item) if item is not None and there else None
        rev = max(0 if item is None else item["rev"] + 1, now)
        if wish.verb is Verb.DELETE:
            if before is not None:
                self.forget(table, before)
                table.put(trace_item(wish.id, rev, now))
            return rev
        definition = wish.definition or (None if before is None else before.definition)
        if definition is None:
            return None
        definition = replace(definition, paused=wish.verb is Verb.PAUSE)
        if before is not None and before.definition == definition:
            return before.rev
        timer = Timer(
            definition=definition, rev=rev, slot=None, slot_since=0, created_at=now, updated_at=now
        )
        self.store(table, timer, before)
        return rev

    def _call_back(self, invocation: Invocation, messages: list[Message]) -> list[Message]:
        began = self.world.scheduler.now
        for message in messages:
            invocation.aws.wait(2)
            body = decode(message.body)
            delivery = Delivery(
                at=self.world.scheduler.now,
                clock=invocation.platform.clock(),
                began=began,
                revision=None,
                operation=body["data"]["op"],
                message=message,
            )
            self.callbacks.called(body["id"], body["fire_at"], delivery)
        return messages


def _key(id: str) -> dict[str, str]:
    return {"pk": f"t#{id}", "sk": "meta"}
