"""A sink's controller in memory: its queue, the mapping, the table, and a sink that is scripted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from cdk_streamer_runtime.contract.sinks import PROBE_MEMBER, SinkControllerEnvironment, SinkMetric
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import AwsError, Unreachable
from cdk_streamer_runtime.memory import MemoryAws, QueueSchema, TableSchema
from cdk_streamer_runtime.memory.functions import function_arn
from cdk_streamer_runtime.memory.message_moves import queue_arn
from cdk_streamer_runtime.memory.platform import MemoryPlatform
from cdk_streamer_runtime.sinks.circuit import SinkCircuit, sink_circuit
from cdk_streamer_runtime.sinks.circuits import Circuits
from cdk_streamer_runtime.sinks.control.assembly import ControllerAssembly
from cdk_streamer_runtime.sinks.control.controller import Controller
from cdk_streamer_runtime.sinks.standing import Standing
from tests.runtime.observed_aws import Killed, ObservedAws

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
TABLE, MESSAGES, DEAD, CONTROL, MAPPING = "sink", "messages", "dead", "control", "mapping"
INVOCATION = 150 * SECOND  # what the controller has
LATE = 35 * SECOND


class CountedSinkMetrics:
    """Metrics that a test can read."""

    def __init__(self) -> None:
        self.counts: dict[SinkMetric, int] = {}

    def count(self, metric: SinkMetric, value: int = 1) -> None:
        self.counts[metric] = self.counts.get(metric, 0) + value

    def milliseconds(self, metric: SinkMetric, value: float) -> None:
        raise AssertionError(f"a controller measures no time, got {metric} of {value} ms")

    def flush(self) -> None:
        """Have it all in memory."""


class ScriptedSink:
    """A sink's function: `verdict` is what becomes of a message, by its body."""

    def __init__(self, platform: MemoryPlatform) -> None:
        self.platform = platform
        self.own: str | None = None  # of the author's own probe
        self.verdict: Callable[[str], str] = lambda _body: "passed"
        self.takes = 0  # milliseconds
        self.tried: list[str] = []
        self.delivered: list[str] = []
        self.trials: list[tuple[int, int]] = []  # from when to when each message was tried

    def __call__(self, event: Mapping[str, Any]) -> dict[str, Any]:
        asked, records = event[PROBE_MEMBER], event["Records"]
        if not records or self.platform.now > asked["before"]:
            failures = [{"itemIdentifier": record["messageId"]} for record in records]
            own = None if records else self.own
            return {"batchItemFailures": failures, PROBE_MEMBER: own or "unknown"}
        (record,) = records
        begun, body = self.platform.now, record["body"]
        self.platform.advance(self.takes)
        self.trials.append((begun, self.platform.now))
        self.tried.append(body)
        verdict = self.verdict(body)
        if verdict == "crash":
            raise RuntimeError("the sandbox died")
        done = verdict in {"passed", "repeated"}
        self.delivered += [body] if verdict == "passed" else []
        failures = [] if done else [{"itemIdentifier": record["messageId"]}]
        known = {"repeated": "unknown", "poison": "unknown"}
        return {"batchItemFailures": failures, PROBE_MEMBER: known.get(verdict, verdict)}


class Unreliable(ObservedAws):
    """AWS whose numbered calls get lost, before they are done or after, or come half a minute late.

    What `meets` says happens right before such a call.
    """

    def __init__(self, memory: MemoryAws, platform: MemoryPlatform) -> None:
        super().__init__(memory)
        self.lose_before = set[int]()
        self.lose_after = set[int]()
        self.late = set[int]()
        self.meets: dict[int, Callable[[], object]] = {}
        self._platform = platform
        self._waiting: list[tuple[int, Callable[[], Any]]] = []

    def _do(self, operation: str, effect: Callable[[], Any]) -> Any:
        number = len(self.calls)
        self.arrive()
        self.meets.pop(number, lambda: None)()
        if number in self.lose_before | self.late:
            self.calls.append(operation)
            if number in self.late:
                self._waiting.append((self._platform.now + LATE, effect))
            raise Unreachable("Timeout", "", 0, operation)
        result = super()._do(operation, effect)
        if number in self.lose_after:
            raise Unreachable("Timeout", "", 0, operation)
        return result

    def arrive(self) -> None:
        """Do what comes late, if it is time; nobody hears of it."""
        due = [effect for at, effect in self._waiting if at <= self._platform.now]
        self._waiting = [each for each in self._waiting if each[0] > self._platform.now]
        for effect in due:
            with suppress(AwsError):
                effect()


class ControlWorld:
    """Where controllers and sinks run. Nothing happens by itself but what `run` lets happen."""

    def __init__(self, *, fifo: bool = False, **settings: Any) -> None:
        self.platform = MemoryPlatform()
        self.sink = ScriptedSink(self.platform)
        self.messages = f"{MESSAGES}.fifo" if fifo else MESSAGES
        dead = f"{DEAD}.fifo" if fifo else DEAD
        self.memory = MemoryAws(
            clock=self.platform.clock,
            tables=[TableSchema(name=TABLE, partition_key="pk", sort_key="sk")],
            queues=[
                QueueSchema(name=dead),
                QueueSchema(
                    name=self.messages, dead_letters=dead, max_receives=10, visibility_seconds=360
                ),
                QueueSchema(name=CONTROL, visibility_seconds=180),
            ],
            functions={"sink": self.sink},
            mappings=[MAPPING],
        )
        self.aws = Unreliable(self.memory, self.platform)
        self.metrics = CountedSinkMetrics()
        given: dict[str, Any] = {"breaker_failures": 3, **settings}
        self.settings = SinkControllerEnvironment(
            sink_name="Ledger",
            table_name=TABLE,
            queue_url=self.url(self.messages),
            controller_queue_url=self.url(CONTROL),
            function_arn=function_arn("sink"),
            mapping_id=MAPPING,
            queue_arn=queue_arn(self.messages),
            dead_letter_queue_arn=queue_arn(dead),
            dead_letter_queue_url=self.url(dead),
            **given,
        )
        self.dead = dead
        self.process = self.controller()

    # --- whom there is ---

    def url(self, queue: str) -> str:
        return self.memory.queue_url(queue)

    def controller(self) -> Controller:
        """Give a new process of the controller."""
        assembly = ControllerAssembly(
            aws=self.aws, invoking=lambda: self.aws, platform=self.platform
        )
        return assembly.controller(self.settings, self.metrics)

    def circuit(self) -> SinkCircuit:
        """Give what a new process of the sink knows."""
        circuit = sink_circuit(self.aws, self.settings, self.metrics)
        assert circuit is not None
        return circuit

    # --- what there is ---

    @property
    def now(self) -> int:
        return self.platform.now

    @property
    def standing(self) -> Standing:
        return Circuits(Table(self.memory, TABLE)).read()

    @property
    def state(self) -> str:
        return self.standing.circuit.state.value

    @property
    def mapping(self) -> str:
        return self.memory.mappings.states[MAPPING]

    @mapping.setter
    def mapping(self, state: str) -> None:
        self.memory.mappings.states[MAPPING] = state

    def send(self, *bodies: str, group: str = "all") -> None:
        fifo = self.messages.endswith(".fifo")
        for body in bodies:
            own = {"MessageGroupId": group, "MessageDeduplicationId": body} if fifo else {}
            parameters = {"QueueUrl": self.url(self.messages), "MessageBody": body, **own}
            self.memory.call("sqs", "SendMessage", parameters)

    def left(self) -> list[str]:
        return self.memory.messages(self.messages)

    def receive(self, most: int = 10, visibility: int = 360) -> list[dict[str, Any]]:
        """Take messages as a consumer does."""
        parameters = {
            "QueueUrl": self.url(self.messages),
            "MaxNumberOfMessages": most,
            "VisibilityTimeout": visibility,
        }
        return self.memory.call("sqs", "ReceiveMessage", parameters).get("Messages", [])

    def held(self) -> list[str]:
        """Give the sort keys of all that is kept of messages."""
        items = self.memory.items(TABLE)
        return [item["sk"]["S"] for item in items if item["pk"]["S"] == "probe"]

    # --- what happens ---

    def open(self) -> int:
        """Let deliveries fail until the circuit opens; give when it is tried."""
        circuit = self.circuit()
        for _ in range(self.settings.breaker_failures or 0):
            circuit.failed(self.now)
        assert self.state == "open"
        return self.standing.circuit.until

    def command(self, name: str, **more: Any) -> dict[str, Any]:
        return self.process.handle({"command": name, **more}, INVOCATION)

    def wake(self, process: Controller | None = None) -> bool:
        """Hand the controller what is in its queue now; False: there is nothing."""
        asked = {"QueueUrl": self.url(CONTROL), "MaxNumberOfMessages": 10}
        messages = self.memory.call("sqs", "ReceiveMessage", asked).get("Messages", [])
        if not messages:
            return False
        records = [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
            }
            for message in messages
        ]
        answer = (process or self.process).handle({"Records": records}, INVOCATION)
        failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        for message in messages:
            if message["MessageId"] not in failed:
                parameters = {
                    "QueueUrl": self.url(CONTROL),
                    "ReceiptHandle": message["ReceiptHandle"],
                }
                self.memory.call("sqs", "DeleteMessage", parameters)
        return True

    def run(self, milliseconds: int, *, schedule: bool = True) -> None:
        """Let time pass, and the controller be woken: by its queue and every five minutes.

        Who is killed leaves all as it is, and the next one is a new process.
        """
        end = self.now + milliseconds
        while True:
            ticks = self.now - self.now % (5 * MINUTE) + 5 * MINUTE if schedule else end + 1
            due = self.memory.next_visible_at(CONTROL)
            at = min(ticks, end + 1 if due is None else max(due, self.now))
            if at > end:
                break
            self.platform.now = at
            self.aws.arrive()
            try:
                if at == ticks:
                    with suppress(Unreachable):
                        self.process.handle({"command": "reconcile"}, INVOCATION)
                else:
                    self.wake()
            except Killed:
                self.process = self.controller()
        self.platform.now = max(self.now, end)
