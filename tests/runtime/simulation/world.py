"""The services between the functions: stream, queues, sockets, and Lambda itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cdk_streamer_runtime import contract
from cdk_streamer_runtime.assembly import Assembly
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.api import ENDPOINT, TABLE, CountedMetrics
from cdk_streamer_runtime.memory.queues import QueueSchema
from cdk_streamer_runtime.requests.app import AsyncApp
from cdk_streamer_runtime.requests.dispatcher import Dispatcher, LostRecords
from cdk_streamer_runtime.requests.queues import WorkMessage
from cdk_streamer_runtime.requests.watcher import Watcher
from cdk_streamer_runtime.requests.worker import Worker
from cdk_streamer_runtime.sockets.connections import Connection
from tests.runtime.simulation.faults import Faults, FaultyAws
from tests.runtime.simulation.platform import SimulatedPlatform
from tests.runtime.simulation.scheduler import Group, Scheduler
from tests.runtime.simulation.sockets import Sockets

LEASE = 10  # seconds
WORKER_TIMEOUT = 50
VISIBILITY = 90
WORKERS = 4
STREAM_RETRIES = 5
WORK = QueueSchema(name="work", visibility_seconds=VISIBILITY, max_receives=contract.WORK_RECEIVES)
WATCH = QueueSchema(name="watch", visibility_seconds=30, max_receives=contract.WATCH_RECEIVES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """Which services run: each repairs what another cannot, so each is switched off in turn."""

    watcher: bool = True
    stream_outage: bool = False  # for a minute in the middle


class World:
    """An AsyncRequestApi of the real code, around one app, under faults."""

    def __init__(self, scheduler: Scheduler, app: AsyncApp, faults: Faults, layers: Layers) -> None:
        self.scheduler = scheduler
        self.faults = faults
        self.layers = layers
        self.app = app
        self.metrics = CountedMetrics()
        self.memory = MemoryAws(clock=scheduler.clock, tables=[TABLE], queues=[WORK, WATCH])
        self.sockets = Sockets(scheduler, faults)
        self.memory.connections = self.sockets
        self._streamed = 0
        self._invocations = 0
        self._busy = {WORK.name: 0, WATCH.name: 0}
        self._limits = {WORK.name: WORKERS, WATCH.name: 10}

    def start(self) -> None:
        """Start every poller."""
        services = Group("services")
        self.scheduler.spawn(services, self._poll_stream)
        self.scheduler.spawn(services, lambda: self._poll_queue(WORK, self._work))
        if self.layers.watcher:
            self.scheduler.spawn(services, lambda: self._poll_queue(WATCH, self._watch))

    def hear(self, connection: Connection, text: str) -> None:
        """Invoke the message function with a client's frame."""

        def run(assembly: Assembly) -> None:
            conversation = assembly.conversation(
                contract.MessageEnvironment(
                    name="api",
                    table_name=TABLE.name,
                    endpoint=ENDPOINT,
                    requests=True,
                    worker_timeout_seconds=WORKER_TIMEOUT,
                ),
                self.app,
                self.metrics,
            )
            conversation.hear(connection, text, None)

        self._invoke("message", run)

    # --- Lambda ---------------------------------------------------------------------------------

    def _invoke(
        self,
        function: str,
        run: Callable[[Assembly], object],
        ended: Callable[[object], None] = lambda _result: None,
    ) -> Group:
        """Run one invocation; `ended` hears its result, unless the invocation dies."""
        self._invocations += 1
        group = Group(f"{function}-{self._invocations}")
        faults = self.faults
        if function == "message" and faults.slow_messages:
            faults = replace(faults, slow=faults.slow_messages)
        aws = FaultyAws(self.memory, self.scheduler, faults, group)
        skew = self.scheduler.random.randint(-500, 500) if self.faults.slow else 0
        assembly = Assembly(aws=aws, platform=SimulatedPlatform(self.scheduler, group, skew))

        def body() -> None:
            try:
                result = run(assembly)
            except Exception as error:  # noqa: BLE001 - an invocation that fails is retried
                self.scheduler.note(f"{group.name} fails: {type(error).__name__}: {error}")
                result = None
            group.ended = True
            ended(result)

        self.scheduler.spawn(group, body)
        return group

    # --- the stream -----------------------------------------------------------------------------

    def _poll_stream(self) -> None:
        scheduler = self.scheduler
        while True:
            scheduler.sleep(100)
            if self.layers.stream_outage and 20_000 < scheduler.now % 100_000 < 80_000:
                continue
            records = self.memory.stream_records(TABLE.name, after=self._streamed)[:10]
            if not records:
                continue
            if scheduler.random.random() < self.faults.duplicate:
                self._dispatch(records)
            for _ in range(STREAM_RETRIES):
                failed = self._dispatch(records)
                if not failed:
                    break
                records = records[records.index(failed[0]) :]
            else:
                scheduler.spawn(Group("on failure"), lambda lost=records: self._repeat(lost))
            self._streamed = int(records[-1]["dynamodb"]["SequenceNumber"])

    def _dispatch(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return self._await(
            "dispatcher",
            lambda assembly: self._dispatcher(assembly).dispatch(records),
            otherwise=list(records),
        )

    def _repeat(self, records: list[dict[str, Any]]) -> None:
        """Do what the on-failure queue does with its consumer, as long as it takes."""
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        pointer = {
            "streamArn": f"arn:aws:dynamodb:local:0:table/{TABLE.name}/stream/0",
            "shardId": "shard-0",
            "startSequenceNumber": numbers[0],
            "endSequenceNumber": numbers[-1],
        }

        def run(assembly: Assembly) -> list[Mapping[str, Any]]:
            again = LostRecords(assembly.aws).read(pointer)
            return self._dispatcher(assembly).dispatch(again)

        while self._await("redispatcher", run, otherwise=[{}]):
            self.scheduler.sleep(30_000)

    def _dispatcher(self, assembly: Assembly) -> Dispatcher:
        return assembly.dispatcher(
            contract.DispatcherEnvironment(
                name="api",
                work_queue_url=self.memory.queue_url(WORK.name),
                watch_queue_url=self.memory.queue_url(WATCH.name),
                lease_seconds=LEASE,
            )
        )

    def _await(self, function: str, run: Callable[[Assembly], Any], otherwise: Any) -> Any:
        """Invoke and wait, up to the function's timeout."""
        results: list[Any] = []
        group = self._invoke(function, run, results.append)
        end = self.scheduler.now + 60_000
        while not results and not group.dead and self.scheduler.now < end:
            self.scheduler.sleep(20)
        if not results:
            group.dead = True
        return otherwise if not results or results[0] is None else results[0]

    # --- the queues -----------------------------------------------------------------------------

    def _poll_queue(
        self, queue: QueueSchema, run: Callable[[Assembly, Mapping[str, Any]], bool]
    ) -> None:
        while True:
            self.scheduler.sleep(self._pause(queue))
            while self._busy[queue.name] < self._limits[queue.name]:
                message = self._receive(queue)
                if message is None:
                    break
                self._deliver(queue, message, run)

    def _pause(self, queue: QueueSchema) -> int:
        """Long polling: hear of a message soon after it is visible."""
        due = self.memory.next_visible_at(queue.name)
        wait = 200 if due is None else due - self.scheduler.now
        return min(max(wait, 50), 200)

    def _deliver(
        self,
        queue: QueueSchema,
        message: Mapping[str, Any],
        run: Callable[[Assembly, Mapping[str, Any]], bool],
    ) -> None:
        random = self.scheduler.random
        if queue is WORK and random.random() < self.faults.work_lost:
            self.scheduler.note("work message dead-lettered")
            self._delete(queue, message)
            return
        copies = 2 if random.random() < self.faults.duplicate else 1
        for _ in range(copies):
            self._busy[queue.name] += 1
            group = self._invoke(
                queue.name,
                lambda assembly: run(assembly, message),
                lambda done: self._delete(queue, message) if done else None,
            )
            self.scheduler.spawn(Group("slot"), lambda group=group: self._free(queue, group))

    def _free(self, queue: QueueSchema, group: Group) -> None:
        """Give the invocation's place back when it has ended, died or run out of time."""
        end = self.scheduler.now + 60_000
        while not group.dead and not group.ended and self.scheduler.now < end:
            self.scheduler.sleep(20)
        self._busy[queue.name] -= 1

    def _work(self, assembly: Assembly, message: Mapping[str, Any]) -> bool:
        worker: Worker = assembly.worker(
            contract.WorkerEnvironment(
                **self._stored(),
                entry_point="",
                worker_timeout_seconds=WORKER_TIMEOUT,
                watch_queue_url=self.memory.queue_url(WATCH.name),
            ),
            self.app,
            self.metrics,
        )
        return worker.handle(WorkMessage.from_body(message["Body"]), lambda: 60_000)

    def _watch(self, assembly: Assembly, message: Mapping[str, Any]) -> bool:
        watcher: Watcher = assembly.watcher(
            contract.WatcherEnvironment(
                **self._stored(), watch_queue_url=self.memory.queue_url(WATCH.name)
            ),
            self.metrics,
        )
        look = WorkMessage.from_body(message["Body"])
        return watcher.handle(look, message["ReceiptHandle"])

    def _stored(self) -> dict[str, Any]:
        return {
            "name": "api",
            "table_name": TABLE.name,
            "endpoint": ENDPOINT,
            "work_queue_url": self.memory.queue_url(WORK.name),
            "lease_seconds": LEASE,
        }

    def _receive(self, queue: QueueSchema) -> dict[str, Any] | None:
        url = self.memory.queue_url(queue.name)
        answer = self.memory.call("sqs", "ReceiveMessage", {"QueueUrl": url})
        return next(iter(answer.get("Messages", [])), None)

    def _delete(self, queue: QueueSchema, message: Mapping[str, Any]) -> None:
        url = self.memory.queue_url(queue.name)
        handle = message["ReceiptHandle"]
        self.memory.call("sqs", "DeleteMessage", {"QueueUrl": url, "ReceiptHandle": handle})
