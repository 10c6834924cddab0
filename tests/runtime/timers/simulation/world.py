"""Lambda, its event sources and its clock: what every protocol of timers here runs on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.dynamodb import marshal_item
from cdk_streamer_runtime.errors import AwsError, StreamerError, Throttled, Unreachable
from cdk_streamer_runtime.memory.tables import TableSchema
from tests.runtime.simulation.faults import FaultyAws
from tests.runtime.simulation.platform import SimulatedPlatform
from tests.runtime.simulation.scheduler import Bell, Group, Scheduler
from tests.runtime.timers.simulation.faults import Faults, Outage, Service
from tests.runtime.timers.simulation.queues import BATCH, Message, Queue, Queues
from tests.runtime.timers.simulation.table import Table, Watch

API_TIMEOUT = 29_000

Parameters = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What a function has: AWS, the machine, and how long it still may run."""

    aws: Aws
    platform: SimulatedPlatform
    remaining: Callable[[], int]  # milliseconds
    name: str


class World:
    """The services around one table, and the functions that run in them."""

    def __init__(self, scheduler: Scheduler, faults: Faults, outages: tuple[Outage, ...]) -> None:
        self.scheduler = scheduler
        self.faults = faults
        self.outages = outages
        self.queues = Queues(scheduler.clock)
        self.found: list[str] = []  # failures that no fault explains
        self.calls: Counter[tuple[str, str]] = Counter()  # of a function, an operation
        self.units: Counter[str] = Counter()  # written by a function
        self.writes: Counter[str] = Counter()  # calls of a function that write
        self.failed: Counter[str] = Counter()  # calls of a function that were not answered
        self.begun: Counter[str] = Counter()  # invocations of a function
        self.ended: Counter[str] = Counter()
        self.doubts: Counter[str] = Counter()  # of operations whose answer was lost
        self._tables: dict[str, Table] = {}
        self._services = Group("services")
        self._invocations = 0

    def create_table(self, schema: TableSchema, watch: Watch) -> None:
        """Add an empty table; `watch` hears of every change."""
        self._tables[schema.name] = Table(self.scheduler, schema, watch)

    def put(self, table: str, item: Mapping[str, Any]) -> None:
        """Store an item, whatever goes wrong elsewhere."""
        parameters = {"TableName": table, "Item": marshal_item(item)}
        self._tables[table].call("PutItem", parameters, "world", 0)

    def calm_down(self, calm: Faults) -> None:
        """Let nothing go wrong any more."""
        self.faults, self.outages = calm, ()

    def is_out(self, service: str) -> bool:
        """Tell whether a service does nothing now."""
        return any(outage.covers(service, self.scheduler.now) for outage in self.outages)

    def call(
        self, service: str, operation: str, parameters: Parameters, caller: Group
    ) -> dict[str, Any]:
        """Do what a call asks for, as one step; raises AwsError."""
        if self.is_out(service):
            raise Unreachable("ServiceUnavailable", "", 503, operation)
        function = caller.name.partition("-")[0]
        if service == "sqs":
            return self.queues.call(operation, parameters, caller.name)
        table = self._tables[_table_name(parameters)]
        answer, units = table.call(operation, parameters, caller.name, self.faults.lag)
        self.units[function] += units
        self.writes[function] += units > 0
        return answer

    # --- Lambda ---------------------------------------------------------------------------------

    def invoke(
        self, function: str, run: Callable[[Invocation], object], timeout: int, *, delay: int = 0
    ) -> Group:
        """Run one invocation in a group of its own; `timeout` is in milliseconds."""
        self._invocations += 1
        scheduler = self.scheduler
        group = Group(f"{function}-{self._invocations}")
        skew = int(self.faults.skew * 1000)
        platform = SimulatedPlatform(scheduler, group, scheduler.random.randint(-skew, skew))
        end = scheduler.now + delay + timeout
        aws = Aws(self, group, end)

        def body() -> None:
            if self.is_out(Service.FUNCTIONS):
                scheduler.kill(group)
                scheduler.suspend(None)
            try:
                run(
                    Invocation(
                        aws=aws,
                        platform=platform,
                        remaining=lambda: end - scheduler.now,
                        name=group.name,
                    )
                )
            except Exception as error:  # noqa: BLE001 - an invocation that fails is retried
                text = f"{group.name} fails: {type(error).__name__}: {error}"
                scheduler.note(text)
                if not isinstance(error, StreamerError):
                    self.found.append(text)
                scheduler.kill(group)
                return
            self.ended[function] += 1
            scheduler.end(group)

        self.begun[function] += 1
        scheduler.spawn(group, body, delay)
        return group

    def consume(
        self,
        queue: Queue,
        function: str,
        timeout: int,
        handle: Callable[[Invocation, list[Message]], list[Message]],
        *,
        batch: int = BATCH,
    ) -> None:
        """Invoke a function with the queue's messages; `handle` gives those that it has done."""
        source = Source(self, queue, function, timeout, handle, batch=batch)
        queue.on_send.append(source.hear)
        self.scheduler.spawn(self._services, source.poll)

    def every_minute(self, act: Callable[[], None]) -> None:
        """Do something each minute, as a schedule of EventBridge does: about then, about once."""
        scheduler = self.scheduler

        def run() -> None:
            while True:
                random, faults = scheduler.random, self.faults
                scheduler.sleep(60_000 - scheduler.now % 60_000)
                if self.is_out(Service.SCHEDULE) or random.random() < faults.tick_lost:
                    scheduler.note("tick lost")
                    continue
                for _ in range(2 if random.random() < faults.tick_twice else 1):
                    late = random.random() < faults.tick_late
                    delay = random.randint(0, 180_000 if late else 1_500)
                    scheduler.spawn(self._services, act, delay)

        scheduler.spawn(self._services, run)


class Aws(FaultyAws):
    """AWS as one invocation sees it: every call may fail, and time passes with each."""

    def __init__(self, world: World, group: Group, end: int) -> None:
        super().__init__(world, world.scheduler, world.faults, group, lambda *_: None)  # pyright: ignore[reportArgumentType] - of MemoryAws it needs what is overridden here
        self._world = world
        self._function = group.name.partition("-")[0]
        self._end = end

    def call(
        self, service: str, operation: str, parameters: Mapping[str, object]
    ) -> dict[str, Any]:
        """Do one operation as often as the signed client would; raises AwsError."""

        def effect() -> dict[str, Any]:
            if operation == "SendMessageBatch":
                return self._send_partly(parameters)
            return self._world.call(service, operation, parameters, self._group)

        return self._try(operation, effect)

    def wait(self, milliseconds: int) -> None:
        """Pass time, unless the function's own is over."""
        if self._scheduler.now + milliseconds > self._end:
            self._die("times out")
        super().wait(milliseconds)

    def _once(self, operation: str, effect: Any) -> Any:
        self._world.calls[self._function, operation] += 1
        try:
            return super()._once(operation, effect)
        except AwsError as error:
            self._world.failed[self._function] += isinstance(error, Throttled | Unreachable)
            self._world.doubts[operation] += isinstance(error, Unreachable)
            raise

    def _send_partly(self, parameters: Parameters) -> dict[str, Any]:
        random, entries = self._scheduler.random, list(parameters["Entries"])
        refused: list[dict[str, Any]] = []
        if random.random() < self._faults.partly_sent * 5:
            taken = [entry for entry in entries if random.random() < 0.7]
            refused = [
                {"Id": entry["Id"], "Code": "InternalError", "SenderFault": False, "Message": ""}
                for entry in entries
                if entry not in taken
            ]
            entries = taken
        answer: dict[str, Any] = {}
        if entries:
            wanted = {**parameters, "Entries": entries}
            answer = self._world.call("sqs", "SendMessageBatch", wanted, self._group)
        failed = [*answer.get("Failed", []), *refused]
        return {**answer, "Failed": failed} if failed else answer

    def _die(self, reason: str) -> None:
        self._scheduler.note(f"{self._group.name} {reason}")
        self._scheduler.kill(self._group)
        self._scheduler.suspend(None)


class Source:
    """An event source: passes messages to a function in batches, and deletes what is done."""

    def __init__(
        self,
        world: World,
        queue: Queue,
        function: str,
        timeout: int,
        handle: Callable[[Invocation, list[Message]], list[Message]],
        *,
        batch: int,
    ) -> None:
        self._batch = batch
        self._world = world
        self._queue = queue
        self._function = function
        self._timeout = timeout
        self._handle = handle
        self._bell = Bell(world.scheduler)
        self._wakes_at: int | None = None

    def hear(self, message: Message) -> None:
        """Know of a message that was sent: it may be visible before all others."""
        if self._wakes_at is None or message.visible_at < self._wakes_at:
            self._bell.ring()

    def poll(self) -> None:
        """Wait for messages for ever."""
        world, scheduler = self._world, self._world.scheduler
        while True:
            due = self._queue.next_visible_at()
            if due is None or due > scheduler.now:
                self._wakes_at = due
                self._bell.wait(None if due is None else due - scheduler.now)
                self._wakes_at = 0
                scheduler.sleep(scheduler.random.randint(1, 60))
            if world.is_out(Service.QUEUES) or world.is_out(Service.FUNCTIONS):
                scheduler.sleep(5_000)
                continue
            while messages := self._queue.receive(scheduler.now, self._batch):
                self._pass_on(messages)

    def _pass_on(self, messages: list[Message]) -> None:
        world = self._world
        twice = world.scheduler.random.random() < world.faults.duplicate

        def run(invocation: Invocation) -> None:
            for message in self._handle(invocation, messages):
                self._queue.delete(message)

        for _ in range(2 if twice else 1):
            world.invoke(self._function, run, self._timeout)


def _table_name(parameters: Parameters) -> str:
    if "TableName" in parameters:
        return parameters["TableName"]
    if "RequestItems" in parameters:
        return next(iter(parameters["RequestItems"]))
    first = next(iter(parameters["TransactItems"][0].values()))
    return first["TableName"]
