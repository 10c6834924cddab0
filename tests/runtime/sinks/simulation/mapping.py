"""An event source mapping of a queue: pollers that go on for a while after they were stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import AwsError
from tests.runtime.simulation.scheduler import Bell, Group, Scheduler
from tests.runtime.sinks.simulation.lambdas import Function
from tests.runtime.sinks.simulation.operations import record_of
from tests.runtime.sinks.simulation.queues import Message, Queue
from tests.runtime.sinks.simulation.weather import Faults

# What an update answers while another is under way. https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
BUSY = (("ResourceInUseException", 400), ("ResourceConflictException", 409))


@dataclass(frozen=True, slots=True)
class Switch:
    """The mapping was enabled or disabled."""

    at: int
    enabled: bool
    by: str


@dataclass(eq=False, kw_only=True)
class Mapping:
    """Passes a queue's messages to a function in batches, and deletes what is done.

    `enabled` is what was asked last. Until `settles_at` pollers do what was asked before.
    """

    id: str
    scheduler: Scheduler
    faults: Callable[[], Faults]
    queue: Queue
    function: Function
    batch: int
    pollers: int
    is_out: Callable[[], bool]
    enabled: bool = True
    settles_at: int = 0
    switched: list[Switch] = field(default_factory=list[Switch])
    receives_regardless: bool = False  # of whether the function has room: without a maximum
    _polled_before: bool = True
    _bell: Bell = field(init=False)

    def __post_init__(self) -> None:
        self._bell = Bell(self.scheduler)
        self.queue.on_change.append(self._bell.ring)

    @property
    def polls(self) -> bool:
        """Tell whether messages are received now."""
        return self._polled_before if self.scheduler.now < self.settles_at else self.enabled

    def start(self) -> None:
        """Let the pollers begin."""
        group = Group("pollers")
        for _ in range(self.pollers):
            self.scheduler.spawn(group, self._poll)

    def told(self) -> dict[str, Any]:
        """Give what Lambda says of it."""
        settled = self.scheduler.now >= self.settles_at
        state = ("Enabled" if settled else "Enabling") if self.enabled else "Disabl"
        if state == "Disabl":
            state += "ed" if settled else "ing"
        return {"UUID": self.id, "State": state, "FunctionArn": self.function.arn}

    def switch(self, *, enabled: bool) -> dict[str, Any]:
        """Enable or disable it; raises AwsError while that is being done."""
        random = self.scheduler.random
        if self.scheduler.now < self.settles_at or random.random() < self.faults().busy_mapping:
            raise busy(random.choice(BUSY))
        self._turn(enabled=enabled, by="controller")
        return self.told()

    def enable(self) -> None:
        """Enable it, as a deployment does."""
        self._turn(enabled=True, by="deployment")

    def _turn(self, *, enabled: bool, by: str) -> None:
        if enabled == self.enabled:
            return
        now = self.scheduler.now
        self.scheduler.note(f"{by} {'enables' if enabled else 'disables'} the mapping")
        self.switched.append(Switch(now, enabled=enabled, by=by))
        self._polled_before = self.polls
        self.enabled = enabled
        late = max(self.faults().late_pause, 1_001)
        self.settles_at = now + self.scheduler.random.randint(1_000, late)
        self.scheduler.spawn(Group("mapping"), self._bell.ring, self.settles_at - now)

    def _poll(self) -> None:
        scheduler = self.scheduler
        while True:
            due = self.queue.next_visible_at()
            now = scheduler.now
            if not self.polls or due is None or due > now:
                wait = None if due is None or not self.polls else due - now
                self._bell.wait(wait)
                scheduler.sleep(scheduler.random.randint(1, 40))
                continue
            if self.is_out():
                scheduler.sleep(5_000)
                continue
            if self.function.is_full and not self.receives_regardless:
                scheduler.sleep(200)
                continue
            if messages := self.queue.receive(self.batch):
                self._pass_on(messages)

    def _pass_on(self, messages: Sequence[Message]) -> None:
        if self.function.is_full:  # throttled: they come again when they are visible
            self.scheduler.sleep(1_000)
            return
        records = [record_of(message, self.queue.arn) for message in messages]
        if self.scheduler.random.random() < self.faults().duplicate and not self.queue.fifo:
            again = [records[self.scheduler.random.randrange(len(records))]]
            self.scheduler.spawn(
                Group("duplicate"),
                lambda: self._invoke(again),
                self.scheduler.random.choice((0, 500, 5_000, 30_000)),
            )
        self._invoke(records)

    def _invoke(self, records: Sequence[dict[str, Any]]) -> None:
        outcome = self.function.invoke({"Records": records})
        if outcome.error is not None:
            return
        failed = _failed(outcome.answer, {record["messageId"] for record in records})
        if failed is None:
            return
        done = [record for record in records if record["messageId"] not in failed]
        for record in done:
            # A copy may outlive its deletion: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues-at-least-once-delivery.html
            kept = self.scheduler.random.random() < self.faults().duplicate
            if self.queue.fifo or not kept:
                self.queue.delete(record["receiptHandle"])


def _failed(answer: object, known: set[str]) -> set[str] | None:
    """Give which messages come again; None: all do, for the answer is none.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    if answer is None or answer == {}:
        return set()
    if not isinstance(answer, dict):
        return None
    failures: Any = answer.get("batchItemFailures", [])
    names = [each.get("itemIdentifier") for each in failures or []]
    return set(names) if all(name in known for name in names) else None


def busy(kind: tuple[str, int]) -> AwsError:
    """Give the error of an update that meets another."""
    return aws_error(kind[0], "another operation is in progress", kind[1], "PUT")
