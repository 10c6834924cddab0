"""The services that invoke functions: the stream, the queues, and durable executions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.assembly import Assembly
from cdk_streamer_runtime.memory.queues import QueueSchema
from cdk_streamer_runtime.memory.resources import TABLE, WATCH, WEBHOOKS
from cdk_streamer_runtime.requests.dispatcher import LostRecords, is_new_request
from tests.runtime.simulation.scheduler import START, Group
from tests.runtime.simulation.world import FUNCTION_TIMEOUT, WORK, Message, World

STREAM_RETRIES = 5
BATCH = 10

Record = Mapping[str, Any]
Handle = Callable[[Assembly, Message], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """Which services run: each repairs what another cannot, so each is switched off in turn.

    No work is taken from `idle_from` to `idle_until`, in milliseconds from the start.
    """

    watcher: bool = True
    stream_outage: bool = False  # for a minute, again and again
    idle_from: int = 0
    idle_until: int = 0


def start(world: World, layers: Layers) -> None:
    """Start every service."""
    services = Group("services")
    work = Queue(world, WORK, world.work, places=4, batch=1, layers=layers)
    queues = [work, Queue(world, WEBHOOKS, world.notify, places=4, batch=1)]
    if layers.watcher:
        queues.append(Queue(world, WATCH, world.watch, places=4, batch=BATCH))
    for queue in queues:
        world.scheduler.spawn(services, queue.poll)
    world.scheduler.spawn(services, Stream(world, layers).poll)
    world.scheduler.spawn(services, lambda: _run_executions(world))


class Stream:
    """Passes new requests to the dispatcher, in order; what it gives up is repeated elsewhere."""

    def __init__(self, world: World, layers: Layers) -> None:
        self._world = world
        self._layers = layers

    def poll(self) -> None:
        world, scheduler = self._world, self._world.scheduler
        passed = 0
        while True:
            records = [each for each in world.history.records[passed:] if is_new_request(each)]
            passed = len(world.history.records)
            for first in range(0, len(records), BATCH):
                self._wait_for_end_of_outage()
                self._pass_on(records[first : first + BATCH])
            if passed == len(world.history.records):
                world.stream_bell.wait(None)
            scheduler.sleep(scheduler.random.randint(50, 150))

    def _wait_for_end_of_outage(self) -> None:
        scheduler = self._world.scheduler
        while self._layers.stream_outage and 20_000 < scheduler.now % 100_000 < 80_000:
            scheduler.sleep(1_000)

    def _pass_on(self, records: list[Record]) -> None:
        scheduler = self._world.scheduler
        if scheduler.random.random() < self._world.faults.duplicate:
            self._dispatch(records)
        for _ in range(STREAM_RETRIES):
            failed = self._dispatch(records)
            if not failed:
                return
            records = records[records.index(failed[0]) :]
        scheduler.spawn(Group("on failure"), lambda: self._repeat(records))

    def _dispatch(self, records: list[Record]) -> list[Record]:
        return self._await(
            "dispatcher",
            lambda assembly: self._world.dispatcher(assembly).dispatch(records),
            otherwise=records,
        )

    def _repeat(self, records: list[Record]) -> None:
        """Do what the on-failure queue does with its consumer, as long as it takes."""
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        pointer = {
            "streamArn": f"arn:aws:dynamodb:local:0:table/{TABLE.name}/stream/0",
            "shardId": "shard-0",
            "startSequenceNumber": numbers[0],
            "endSequenceNumber": numbers[-1],
        }

        def run(assembly: Assembly) -> Sequence[Record]:
            again = LostRecords(assembly.aws).read(pointer)
            return self._world.dispatcher(assembly).dispatch(again)

        while self._await("redispatcher", run, otherwise=[{}]):
            self._world.scheduler.sleep(30_000)

    def _await(self, function: str, run: Callable[[Assembly], Any], otherwise: Any) -> Any:
        """Invoke and wait, up to the function's timeout."""
        results: list[Any] = []
        group = self._world.invoke(function, run, results.append)
        self._world.scheduler.wait_for(group, FUNCTION_TIMEOUT)
        if not results:
            self._world.scheduler.kill(group)
        return otherwise if not results or results[0] is None else results[0]


class Queue:
    """Passes messages to a function, `batch` at once, and deletes those that it has handled."""

    def __init__(
        self,
        world: World,
        schema: QueueSchema,
        handle: Handle,
        *,
        places: int,
        batch: int,
        layers: Layers | None = None,
    ) -> None:
        self._world = world
        self._schema = schema
        self._handle = handle
        self._places = places
        self._batch = batch
        self._layers = layers or Layers()

    def poll(self) -> None:
        world, scheduler = self._world, self._world.scheduler
        while True:
            scheduler.sleep(scheduler.random.randint(1, 60))
            self._wait_for_workers()
            while self._places:
                messages = self._receive()
                if not messages:
                    break
                self._deliver(messages)
            due = world.memory.next_visible_at(self._schema.name) if self._places else None
            world.queue_bell.wait(None if due is None else max(due - scheduler.now, 1))

    def _wait_for_workers(self) -> None:
        layers, scheduler = self._layers, self._world.scheduler
        if layers.idle_from <= scheduler.now - START < layers.idle_until:
            scheduler.sleep(layers.idle_until - (scheduler.now - START))

    def _receive(self) -> list[Message]:
        answer = self._call("ReceiveMessage", MaxNumberOfMessages=self._batch)
        messages: list[Message] = answer.get("Messages", [])
        world = self._world
        if self._schema is not WORK or world.scheduler.random.random() >= world.faults.work_lost:
            return messages
        for message in messages:
            world.scheduler.note("work message dead-lettered")
            self._call("DeleteMessage", ReceiptHandle=message["ReceiptHandle"])
        return []

    def _deliver(self, messages: list[Message]) -> None:
        scheduler, faults = self._world.scheduler, self._world.faults
        copies = 2 if scheduler.random.random() < faults.duplicate else 1
        for _ in range(copies):
            self._places -= 1
            group = self._world.invoke(
                self._schema.name, lambda assembly: self._run(assembly, messages), self._delete
            )
            scheduler.spawn(Group("place"), lambda group=group: self._free(group))

    def _run(self, assembly: Assembly, messages: list[Message]) -> list[Message]:
        """Do what the function's entry point does: one that fails does not keep the others."""
        return [message for message in messages if self._is_handled(assembly, message)]

    def _is_handled(self, assembly: Assembly, message: Message) -> bool:
        if self._batch == 1:
            return self._handle(assembly, message)
        try:
            return self._handle(assembly, message)
        except Exception as error:  # noqa: BLE001 - as in handlers/watcher.py
            self._world.scheduler.note(f"not looked at: {type(error).__name__}")
            return False

    def _delete(self, handled: Any) -> None:
        for message in handled or ():
            self._call("DeleteMessage", ReceiptHandle=message["ReceiptHandle"])

    def _free(self, group: Group) -> None:
        """Give the invocation's place back when it has ended, died or run out of time."""
        self._world.scheduler.wait_for(group, FUNCTION_TIMEOUT)
        self._places += 1
        self._world.queue_bell.ring()

    def _call(self, operation: str, **parameters: object) -> dict[str, Any]:
        url = self._world.memory.queue_url(self._schema.name)
        return self._world.memory.call("sqs", operation, {"QueueUrl": url, **parameters})


def _run_executions(world: World) -> None:
    """Invoke the durable function for each execution that is due, again after it was killed."""
    executions, scheduler = world.memory.executions, world.scheduler
    while True:
        while (event := executions.take()) is not None:
            scheduler.spawn(Group("execution"), lambda event=event: _run_execution(world, event))
        due = executions.next_due()
        world.execution_bell.wait(None if due is None else max(due - scheduler.now, 1))
        scheduler.sleep(scheduler.random.randint(1, 30))


def _run_execution(world: World, event: dict[str, Any]) -> None:
    results: list[Any] = []
    group = world.invoke("durable", lambda assembly: world.execute(assembly, event), results.append)
    world.scheduler.wait_for(group, FUNCTION_TIMEOUT)
    if results:
        status = results[0] or "FAILED"
    else:
        status = "RETRY"
        # Unlike a worker's, its machine is gone for good before another invocation begins.
        world.scheduler.kill(group)
    if status == "RETRY":
        world.scheduler.sleep(2_000)
    world.memory.executions.finish(event["DurableExecutionArn"], status)
    world.execution_bell.ring()
