"""What sinks and batches cost: part of `python -m benchmarks.costs`.

A message is billed as one of a busy sink: batches of ten, one after the other, each of which takes
as long as its messages do at RATE a second. What is known once for many is divided among them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from benchmarks.bill import Bill, Meter, less
from cdk_streamer_runtime.batches import Batch
from cdk_streamer_runtime.contract.sinks import RECONCILE_SECONDS, SinkAddress, SinkEnvironment
from cdk_streamer_runtime.memory import MemoryAws, QueueSchema, TableSchema
from cdk_streamer_runtime.memory.batches import MemoryBatch
from cdk_streamer_runtime.memory.platform import MemoryPlatform
from cdk_streamer_runtime.memory.sinks import CountedSinkMetrics
from cdk_streamer_runtime.sinks import Outgoing, Permanent, Sink, SinkRecord
from cdk_streamer_runtime.sinks.assembly import SinkAssembly
from cdk_streamer_runtime.sinks.sending import Sending

NAME = "sink"
BATCH, BATCHES, RATE = 10, 10, 50
ITEMS = 2_500
TIMEOUT = 60_000
MONTH = 30 * 24 * 60 * 60
POLLERS = 2 * 2  # of two queues, each asking for 20 seconds
# Assumed: milliseconds of functions of ours. What is delivered, and the waiting for a turn, is the
# author's: a `second of a handler`.
DELIVERY, CHUNK, LOOK = 10, 50, 100
GIGABYTES, LOOKING_GIGABYTES = 0.5, 0.25


def _function(milliseconds: float, gigabytes: float = GIGABYTES) -> float:
    return milliseconds / 1000 * gigabytes


def _sink(deliver: Callable[[SinkRecord], None]) -> Sink:
    sink = Sink()
    sink.deliver(deliver)
    return sink


def _deliver(record: SinkRecord) -> None:
    del record


def _reject(record: SinkRecord) -> None:
    raise Permanent(f"no account {record.key}")


class Service:
    """A sink's function, its queues and its table, in memory."""

    def __init__(self, deliver: Callable[[SinkRecord], None] = _deliver, **settings: Any) -> None:  # noqa: ANN401
        self.platform = MemoryPlatform()
        self.aws = MemoryAws(
            clock=self.platform.clock,
            tables=[TableSchema(name=NAME, partition_key="pk", sort_key="sk")],
            queues=[QueueSchema(name=name) for name in ("messages", "rejected", "control")],
        )
        self.meter = Meter(self.aws, NAME, ())
        self._queue = self.aws.queue_url("messages")
        environment = SinkEnvironment(
            sink_name=NAME,
            table_name=NAME,
            queue_url=self._queue,
            controller_queue_url=self.aws.queue_url("control"),
            rejected_queue_url=self.aws.queue_url("rejected"),
            entry_point="",
            breaker_failures=5,
            batch_size=BATCH,
            timeout_seconds=TIMEOUT // 1000,
            **settings,
        )
        assembly = SinkAssembly(aws=self.meter, platform=self.platform)
        self._worker = assembly.worker(environment, _sink(deliver), CountedSinkMetrics())

    def send(self) -> None:
        """Send a batch."""
        address = SinkAddress(queue_url=self._queue)
        Sending(address, self.meter, self.platform).send(
            Outgoing(data={"order": number, "total": 99}, key=f"order-{number}")
            for number in range(BATCH)
        )

    def deliver(self, batch: int) -> None:
        """Deliver a batch, and let the time pass that its messages have."""
        end = self.platform.now + BATCH * 1000 // RATE
        records = [_record(f"{batch}-{number}") for number in range(BATCH)]
        answer = self._worker.handle({"Records": records}, TIMEOUT)
        assert answer["batchItemFailures"] == []  # noqa: S101 - else the bill is of something else
        self.platform.now = max(self.platform.now, end)


def _record(name: str) -> dict[str, Any]:
    return {
        "messageId": name,
        "receiptHandle": name,
        "body": '{"order":1,"total":99}',
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1700000000000"},
        "messageAttributes": {},
    }


def _delivery(deliver: Callable[[SinkRecord], None] = _deliver, **settings: Any) -> Bill:  # noqa: ANN401
    """Bill a message from the queue to the author's function, in a batch of ten."""
    service = Service(deliver, **settings)
    service.deliver(0)
    service.meter.bill = Bill()
    for batch in range(BATCHES):
        service.deliver(1 + batch)
    messages = BATCH * BATCHES
    each = Bill({meter: quantity / messages for meter, quantity in service.meter.bill.items()})
    each["queue request"] += 2 / BATCH  # Lambda receives a batch, and deletes it
    each["invocation"] += 1 / BATCH
    each["GB-second"] += _function(DELIVERY) / BATCH
    return each


def sending() -> Bill:
    """Bill a message that is sent as one of ten."""
    service = Service()
    service.send()
    return Bill({meter: quantity / BATCH for meter, quantity in service.meter.bill.items()})


@lru_cache(maxsize=1)
def item() -> Bill:
    """Bill an item of a batch with the construct's numbers, from its discovery to the queue."""
    batch = Batch()
    ids = [f"user-{number}" for number in range(ITEMS)]
    batch.discover(lambda _cursor: (ids, None))
    batch.load(lambda ids: {id: {"user": id} for id in ids})
    memory = MemoryBatch(batch)
    before = memory.aws.messages("target")
    memory.run()
    sends = memory.troubles.calls * -(-memory.settings.chunk_size // BATCH)
    assert len(memory.aws.messages("target")) - len(before) == ITEMS  # noqa: S101 - as above
    operations = 1 + len(memory.operations())  # and the execution itself
    bill = Bill({"durable operation": operations, "queue request": sends})
    bill["invocation"] = memory.invocations
    bill["GB-second"] = _function(CHUNK) * operations / memory.settings.max_concurrency
    return Bill({meter: quantity / ITEMS for meter, quantity in bill.items()})


def rows() -> dict[str, Bill]:
    """Give what is billed, by what it is billed for."""
    plain = _delivery()
    return {
        "message sent to a sink": sending(),
        "message of a sink, delivered": plain,
        "more for a rate": less(_delivery(rate=RATE), plain),
        "more for remembering it": less(_delivery(remember_seconds=86_400), plain),
        "more for rejecting it": less(_delivery(_reject), plain),
        "item of a batch, to the queue": item(),
    }


def month() -> Bill:
    """Bill a month in which nobody sends to a sink: pollers, and looks at the event source."""
    looks = MONTH // RECONCILE_SECONDS
    bill = Bill({"queue request": POLLERS * MONTH // 20, "invocation": looks})
    bill["GB-second"] = looks * _function(LOOK, LOOKING_GIGABYTES)
    bill["read unit"] = looks
    return bill
