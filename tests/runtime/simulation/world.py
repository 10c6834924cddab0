"""An AsyncRequestApi of the real code: its functions, each invocation a group of tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from cdk_streamer_runtime import contract
from cdk_streamer_runtime.assembly import Assembly
from cdk_streamer_runtime.durable.assembly import durable_worker
from cdk_streamer_runtime.durable.steps import Execution, NotWritten, execution_name
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.http.assembly import http_api
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.api import CountedMetrics
from cdk_streamer_runtime.memory.http import HttpAnswer, http_event
from cdk_streamer_runtime.memory.queues import QueueSchema
from cdk_streamer_runtime.memory.resources import (
    BUCKET,
    SECRET,
    SECRET_ARN,
    TABLE,
    WATCH,
    WEBHOOK_DEAD_LETTERS,
    WEBHOOKS,
    Settings,
)
from cdk_streamer_runtime.memory.steps import MemorySteps, Suspended
from cdk_streamer_runtime.requests.app import AsyncApp
from cdk_streamer_runtime.requests.dispatcher import Dispatcher
from cdk_streamer_runtime.requests.queues import WorkMessage
from cdk_streamer_runtime.sockets.connections import Caller, Connection
from cdk_streamer_runtime.webhooks.assembly import deliveries
from tests.runtime.simulation.faults import Faults, FaultyAws
from tests.runtime.simulation.history import History
from tests.runtime.simulation.platform import SimulatedPlatform
from tests.runtime.simulation.receiver import Receiver
from tests.runtime.simulation.scheduler import Bell, Group, Scheduler
from tests.runtime.simulation.sockets import Sockets

LEASE = 10  # seconds
WORKER_TIMEOUT = 50
FUNCTION_TIMEOUT = 60_000  # milliseconds, of every function
WORK = QueueSchema(name="work", visibility_seconds=90, max_receives=contract.WORK_RECEIVES)

Message = Mapping[str, Any]


class Steps(MemorySteps):
    """Steps whose record may be out of reach, which ends the invocation as it does in AWS's SDK."""

    def _checkpoint(self, *parts: str, **details: object) -> dict[str, Any]:
        try:
            return super()._checkpoint(*parts, **details)
        except AwsError as error:
            raise NotWritten(str(error)) from error


class World:
    """The functions around one app, the services that they share, and all that was written."""

    def __init__(self, scheduler: Scheduler, app: AsyncApp, faults: Faults) -> None:
        self.scheduler = scheduler
        self.faults = faults
        self.app = app
        self.metrics = CountedMetrics()
        self.memory = MemoryAws(
            clock=scheduler.clock,
            tables=[TABLE],
            queues=[WORK, WATCH, WEBHOOKS, WEBHOOK_DEAD_LETTERS],
            secrets={SECRET_ARN: SECRET},
            buckets=[BUCKET],
        )
        self.settings = Settings(
            queue_url=self.memory.queue_url, lease=LEASE, worker_timeout=WORKER_TIMEOUT
        )
        self.sockets = Sockets(scheduler, faults)
        self.memory.connections = self.sockets
        self.history = History(scheduler, self.memory.objects.paths)
        self.receiver = Receiver(scheduler, self.history)
        self.stream_bell = Bell(scheduler)
        self.queue_bell = Bell(scheduler)
        self.execution_bell = Bell(scheduler)
        self._invocations = 0

    def calm_down(self, calm: Faults) -> None:
        """Let nothing go wrong any more."""
        self.faults = self.sockets.faults = calm

    def stirred(self, service: str, operation: str) -> None:
        """Know that an operation took place: read what was written, wake who waits for it."""
        match service:
            case "dynamodb":
                after = self.history.read
                self.history.take(self.memory.stream_records(TABLE.name, after=after))
                if operation == "TransactWriteItems":
                    self.stream_bell.ring()
            case "sqs":
                self.queue_bell.ring()
            case "lambda":
                self.execution_bell.ring()
            case _:
                pass

    # --- what callers reach ---------------------------------------------------------------------

    def hear(self, connection: Connection, text: str) -> None:
        """Invoke the message function with a client's frame."""

        def run(assembly: Assembly) -> None:
            conversation = assembly.conversation(self.settings.message(), self.app, self.metrics)
            conversation.hear(connection, text, None)

        self.invoke("message", run)

    def visit(
        self,
        caller: Caller,
        method: str,
        path: str,
        *,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, object] | None = None,
    ) -> HttpAnswer | None:
        """Invoke the HTTP function and wait for its answer; None when there is none."""
        scheduler = self.scheduler
        event = http_event(caller, method, path, body=body, headers=headers, query=query)
        end = scheduler.now + contract.INTEGRATION_SECONDS * 1000
        answers: list[Any] = []

        def run(assembly: Assembly) -> object:
            api = http_api(
                assembly,
                self.settings.http(),
                self.app,
                self.metrics,
                lambda seconds: scheduler.sleep(int(seconds * 1000)),
            )
            return api.handle(event, lambda: end - scheduler.now, None)

        scheduler.wait_for(self.invoke("http", run, answers.append), end - scheduler.now)
        lost = scheduler.random.random() < self.faults.post_lost
        if lost or not answers or answers[0] is None:
            return None
        return HttpAnswer.from_event(answers[0])

    # --- what services invoke -------------------------------------------------------------------

    def dispatcher(self, assembly: Assembly) -> Dispatcher:
        """Build the function behind the stream."""
        return assembly.dispatcher(self.settings.dispatcher())

    def work(self, assembly: Assembly, message: Message) -> bool:
        """Run an attempt."""
        worker = assembly.worker(self.settings.worker(), self.app, self.metrics)
        return worker.handle(WorkMessage.from_body(message["Body"]), lambda: FUNCTION_TIMEOUT)

    def watch(self, assembly: Assembly, message: Message) -> bool:
        """Look after a request."""
        watcher = assembly.watcher(self.settings.watcher(), self.metrics)
        about = message["Attributes"]
        receives, sent_at = int(about["ApproximateReceiveCount"]), int(about["SentTimestamp"])
        look = WorkMessage.from_body(message["Body"])
        return watcher.handle(look, message["ReceiptHandle"], receives, sent_at)

    def notify(self, assembly: Assembly, message: Message) -> bool:
        """Call a webhook."""
        settings = self.settings.webhook()
        sender = self.receiver.seen_by(assembly.aws, self.faults)
        key = WorkMessage.from_body(message["Body"]).key
        receives = int(message["Attributes"]["ApproximateReceiveCount"])
        handler = deliveries(assembly, settings, self.metrics, sender)
        return handler.handle(key, message["ReceiptHandle"], receives)

    def execute(self, assembly: Assembly, event: dict[str, Any]) -> str:
        """Run an invocation of a durable execution, and tell how Lambda has to go on."""
        worker = durable_worker(assembly, self.settings.durable(), self.app, self.metrics)
        first = event["InitialExecutionState"]["Operations"][0]
        start = WorkMessage.from_body(first["ExecutionDetails"]["InputPayload"])
        name, arn = execution_name(start.key, start.attempt), event["DurableExecutionArn"]
        self.history.invoked(start.key, start.attempt, arn)
        try:
            worker.run(start, Execution(name=name, arn=arn), Steps(assembly.aws, event))
        except Suspended:
            return "PENDING"
        except (AwsError, NotWritten):
            return "RETRY"
        return "SUCCEEDED"

    # --- Lambda ---------------------------------------------------------------------------------

    def invoke(
        self,
        function: str,
        run: Callable[[Assembly], object],
        ended: Callable[[object], None] = lambda _result: None,
    ) -> Group:
        """Run one invocation; `ended` hears its result, unless the invocation dies."""
        self._invocations += 1
        scheduler = self.scheduler
        group = Group(f"{function}-{self._invocations}")
        faults = self.faults
        if function == "message" and faults.slow_messages:
            faults = replace(faults, slow=faults.slow_messages)
        aws = FaultyAws(self.memory, scheduler, faults, group, self.stirred)
        skew = int(faults.skew * 1000)
        skew = scheduler.random.randint(-skew, skew)
        assembly = Assembly(aws=aws, platform=SimulatedPlatform(scheduler, group, skew))

        def body() -> None:
            try:
                result = run(assembly)
            except Exception as error:  # noqa: BLE001 - an invocation that fails is retried
                scheduler.note(f"{group.name} fails: {type(error).__name__}: {error}")
                result = None
            ended(result)
            scheduler.end(group)

        scheduler.spawn(group, body)
        return group
