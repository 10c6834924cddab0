"""A batch in memory: its durable function, queues and executions, with troubles as a test says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cdk_streamer_runtime.batches.assembly import BatchAssembly
from cdk_streamer_runtime.batches.batch import Batch
from cdk_streamer_runtime.batches.invocation import Invocation
from cdk_streamer_runtime.batches.item import BatchItem, BatchRun
from cdk_streamer_runtime.batches.starting import Starter
from cdk_streamer_runtime.batches.targets import functions_answer
from cdk_streamer_runtime.batches.telling import Silence
from cdk_streamer_runtime.batches.world import Rejected, Target
from cdk_streamer_runtime.contract.batches import BatchMetric, BatchSettings, TargetKind
from cdk_streamer_runtime.documents import decode
from cdk_streamer_runtime.memory.aws import MemoryAws
from cdk_streamer_runtime.memory.executions import FUNCTION
from cdk_streamer_runtime.memory.functions import function_arn
from cdk_streamer_runtime.memory.platform import MemoryPlatform
from cdk_streamer_runtime.memory.queues import QueueSchema
from cdk_streamer_runtime.memory.steps import MemorySteps, Suspended

QUEUE, LETTERS, TARGET = "target", "dead-letters", "target"


class Killed(BaseException):
    """The process ended here, without any farewell."""


@dataclass(slots=True)
class Troubles:
    """What happens to a target: ids that it rejects, calls that fail, moments of death."""

    rejections: Counter[str] = field(default_factory=Counter[str])
    failures: Counter[str] = field(default_factory=Counter[str])
    before: set[int] = field(default_factory=set[int])
    after: set[int] = field(default_factory=set[int])
    calls: int = 0
    published: Counter[str] = field(default_factory=Counter[str])

    def begin(self, ids: Iterable[str]) -> list[str]:
        """Count a call, and give the ids that it is to reject; raises as a test has said."""
        self.calls += 1
        if self.calls in self.before:
            raise Killed
        several = list(ids)
        for id in several:
            if self.failures[id]:
                self.failures[id] -= 1
                raise ConnectionError("a test has cut the connection")
        rejected = [id for id in several if self.rejections[id]]
        self.rejections.subtract(rejected)
        return rejected

    def end(self, published: Iterable[str]) -> None:
        """Count what was published; raises as a test has said."""
        self.published.update(published)
        if self.calls in self.after:
            raise Killed


@dataclass(frozen=True, slots=True)
class TroubledTarget:
    """A target with troubles."""

    target: Target
    troubles: Troubles

    def publish(
        self, items: Sequence[BatchItem], run: BatchRun, delay: int | None
    ) -> Mapping[str, Rejected]:
        """Publish what is not rejected."""
        rejected = dict.fromkeys(
            self.troubles.begin(item.id for item in items), Rejected("a test has rejected it")
        )
        rest = [item for item in items if item.id not in rejected]
        found = dict(self.target.publish(rest, run, delay)) if rest else {}
        self.troubles.end(item.id for item in rest if item.id not in found)
        return rejected | found


@dataclass(frozen=True, slots=True)
class CountedMetrics:
    """Metrics that a test can read."""

    counts: Counter[BatchMetric] = field(default_factory=Counter[BatchMetric])

    def count(self, metric: BatchMetric, value: int = 1) -> None:
        """Add to a metric."""
        self.counts[metric] += value

    def seconds(self, metric: BatchMetric, value: float) -> None:
        """Count that there was a duration."""
        del value
        self.counts[metric] += 1

    def flush(self) -> None:
        """Keep all of it."""


class Ear(Silence):
    """Remembers what was told."""

    def __init__(self, reports: list[dict[str, Any]]) -> None:
        self._reports = reports

    def report(
        self,
        percentage: float | None = None,
        message: str | None = None,
        *,
        current: float | None = None,
        total: float | None = None,
        unit: str | None = None,
    ) -> None:
        """Remember it."""
        del percentage, message, unit
        self._reports.append({"current": current, "total": total})


class MemoryBatch:
    """Runs a batch without AWS and without waiting, and can make its life hard.

    >>> memory = MemoryBatch(batch, chunk_size=10)
    >>> memory.reject("user-7", times=2)
    >>> memory.crash(after=[3])
    >>> memory.run({"day": "2026-11-22"})["failed"]
    0

    It publishes by the batch's own `publish`, to `function` if there is one, else to a queue.
    What a request's handler runs as the batch of this `name` runs here, too.
    """

    def __init__(
        self,
        batch: Batch,
        name: str = "Batch",
        *,
        function: Callable[[Any], object] | None = None,
        invocation_seconds: int = 900,
        **settings: Any,  # noqa: ANN401 - of any of them
    ) -> None:
        """Take the batch; `settings` are those of its construct, as `BatchSettings` has them."""
        for setting in ("chunk_size", "max_concurrency"):
            if settings.get(setting, 1) < 1:
                raise ValueError(
                    f"{setting} must be at least 1, got {settings[setting]!r}; leave it out"
                )
        self.platform = MemoryPlatform()
        self.troubles = Troubles()
        self.metrics = CountedMetrics()
        self.reports: list[dict[str, Any]] = []
        self.invocations = 0
        self._results: dict[str, dict[str, Any]] = {}
        self._length = invocation_seconds * 1000
        self._batch = batch
        self._name = name
        fifo = settings.get("target_fifo", False)
        queue = QueueSchema(name=f"{QUEUE}.fifo" if fifo else QUEUE)
        self._functions = {} if function is None else {TARGET: self._asked(function)}
        self._queue = queue.name
        self.aws = MemoryAws(
            clock=self.platform.clock,
            queues=[queue, QueueSchema(name=LETTERS)],
            functions=self._functions,
        )
        kind = TargetKind.QUEUE if function is None else TargetKind.FUNCTION
        address = self.aws.queue_url(queue.name) if function is None else function_arn(TARGET)
        self.settings = replace(
            BatchSettings(
                name=name,
                target_kind=kind,
                target_address=address,
                dead_letter_queue_url=self.aws.queue_url(LETTERS),
                function=FUNCTION,
            ),
            **settings,
        )
        self._begin_process()

    def serve(self, aws: MemoryAws) -> None:
        """Let `function` answer within requests, too: `memory.serve(client.api.aws)`."""
        for name, function in self._functions.items():
            aws.functions.add(name, function)

    # --- troubles -------------------------------------------------------------------------------

    def reject(self, *ids: str, times: int = 1) -> None:
        """Let the target reject these items, so many times each."""
        self.troubles.rejections.update(dict.fromkeys(ids, times))

    def fail(self, *ids: str, times: int = 1) -> None:
        """Let publishing fail altogether when one of these items is among them."""
        self.troubles.failures.update(dict.fromkeys(ids, times))

    def crash(self, *, before: Iterable[int] = (), after: Iterable[int] = ()) -> None:
        """Let the process die before or after these calls of the target, counted from 1.

        Another one goes on where the record ends, as Lambda does it.
        """
        self.troubles.before |= set(before)
        self.troubles.after |= set(after)

    # --- what was done --------------------------------------------------------------------------

    @property
    def sent(self) -> list[Any]:
        """The data of all messages in the queue, in the order in which they were sent."""
        return [decode(body) for body in self.aws.messages(self._queue)]

    @property
    def letters(self) -> list[dict[str, Any]]:
        """All dead letters."""
        return [decode(body) for body in self.aws.messages(LETTERS)]

    @property
    def published(self) -> Counter[str]:
        """How often each item was published, by its id."""
        return self.troubles.published

    # --- runs -----------------------------------------------------------------------------------

    def run(self, payload: object = None, *, batch_id: str = "batch") -> dict[str, Any]:
        """Run a batch to its end, over as many invocations as that takes, and give its result.

        The same id once more is the same run: nothing is done. Raises what the batch fails with,
        and Conflict for another payload.
        """
        Starter(self.aws, self.settings).start(payload, batch_id=batch_id)
        while (event := self.aws.executions.take()) is not None or self._sleep():
            if event is not None:
                self._invoke(event)
        return self._results[batch_id]

    def operations(self, batch_id: str = "batch") -> list[str]:
        """Give the operations that the execution has recorded, by their names, without itself."""
        return self.aws.executions.operations(batch_id)

    def _sleep(self) -> bool:
        due = self.aws.executions.next_due()
        if due is not None:
            self.platform.now = max(self.platform.now, due)
        return due is not None

    def _invoke(self, event: dict[str, Any]) -> None:
        self.invocations += 1
        arn: str = event["DurableExecutionArn"]
        batch_id = arn.split("/")[-2]
        first = event["InitialExecutionState"]["Operations"][0]
        end = self.platform.now + self._length
        steps = MemorySteps(self.aws, event, lambda: end - self.platform.now)
        status = "RETRY"
        try:
            start = decode(first["ExecutionDetails"]["InputPayload"])
            self._results[batch_id] = self.invocation.run(start, batch_id, steps)
            status = "SUCCEEDED"
        except Suspended:
            status = "PENDING"
        except Killed:
            self._begin_process()
        except Exception:
            status = "FAILED"
            raise
        finally:
            self.aws.executions.finish(arn, status)

    def _begin_process(self) -> None:
        assembly = BatchAssembly(
            aws=self.aws, platform=self.platform, aws_in=lambda _region: self.aws
        )
        world = assembly.world(self.settings, self._batch.functions, self.metrics)
        if world.target is not None:
            world = replace(world, target=TroubledTarget(world.target, self.troubles))
        self._batch.install(self._name, world)
        self.invocation = Invocation(self._batch, world, lambda _tenant, _id: Ear(self.reports))

    def _asked(self, function: Callable[[Any], object]) -> Callable[[Any], object]:
        def ask(question: Any) -> object:  # noqa: ANN401 - JSON
            known = {item["id"]: item for item in question["items"]}
            rejected = self.troubles.begin(known)
            rest = [item for id, item in known.items() if id not in rejected]
            answer: Any = function({**question, "items": rest}) if rest else None
            failed = functions_answer(answer, {item["id"] for item in rest})
            self.troubles.end(item["id"] for item in rest if item["id"] not in failed)
            return {"failed": [*rejected, *failed]}

        return ask
