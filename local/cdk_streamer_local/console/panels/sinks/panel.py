"""All sinks: how each one is, and what operators do with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from cdk_streamer_local.console.measures import Pairs, mean_and_most, sums
from cdk_streamer_local.console.metrics import Metrics
from cdk_streamer_local.console.panel import Alert, Body, Panel, Query, Refused, Unknown
from cdk_streamer_local.console.panels.queues.figures import Figures, figures
from cdk_streamer_local.console.panels.queues.messages import Message, look
from cdk_streamer_local.console.panels.sinks import course, operating
from cdk_streamer_local.console.panels.sinks.found import DeployedSink, deployed_sinks
from cdk_streamer_local.console.panels.sinks.rejections import Rejection, rejections
from cdk_streamer_local.console.panels.sinks.status import Status, is_open, status
from cdk_streamer_local.console.reach import Reach
from cdk_streamer_local.console.running import Running
from cdk_streamer_runtime.contract.sinks import SINK_DIMENSION, SinkMetric
from cdk_streamer_runtime.errors import AwsError

_MINUTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFigures:
    """One queue of a sink, in figures."""

    arn: str
    waiting: int
    in_flight: int
    delayed: int
    oldest: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkRow:
    """One sink. What was `delivered` and `failed` is by second, of the last minutes.

    `times` are the mean and the longest delivery of the last minute, in milliseconds.
    """

    id: str
    name: str
    function: str
    stack: str
    status: Status
    rate: float | None
    concurrency: int | None
    batch: int
    guarded: bool
    queue: QueueFigures
    dead_letters: QueueFigures
    rejected: QueueFigures
    delivered: Pairs
    failed: Pairs
    throttled: Pairs
    off: Sequence[course.Stretch]
    probes: Pairs
    times: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """When the circuit opens, and for how long."""

    failures: int
    share: int
    window: int
    pause: int
    longest_pause: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One sink, with what it could not deliver."""

    row: SinkRow
    breaker: Breaker | None
    fifo: bool
    timeout: int
    remembers: int | None
    redrive_rate: int
    repeated: float
    handed_back: float
    rejections: Sequence[Rejection]
    dead: Sequence[Message]


class Sinks(Panel):
    """Read from their tables, their queues and what they measured."""

    name: ClassVar[str] = "sinks"

    def __init__(self, reach: Reach, metrics: Metrics) -> None:
        self._reach = reach
        self._metrics = metrics
        self._deployed: tuple[Running | None, Sequence[DeployedSink]] = (None, ())

    def read(self, running: Running) -> Sequence[SinkRow]:
        """Give every sink."""
        return [self._row(running, sink) for sink in self._sinks(running)]

    def alert(self, running: Running) -> Alert | None:
        """Count open circuits, and messages that were rejected."""
        sinks = self._sinks(running)
        opened = sum(is_open(self._reach.aws(running, sink.stack), sink) for sink in sinks)
        rejected = sum(self._queues(running, sink)[2].waiting for sink in sinks)
        words = [f"{opened} open"] * bool(opened) + [f"{rejected} rejected"] * bool(rejected)
        return Alert(number=opened + rejected, words=", ".join(words)) if words else None

    def item(self, running: Running, id: str, query: Query) -> Detail:
        """Give one by its id."""
        del query
        sink = self._sink(running, id)
        aws = self._reach.aws(running, sink.stack)
        settings, by = sink.settings, {SINK_DIMENSION: sink.name}
        return Detail(
            row=self._row(running, sink),
            breaker=None
            if settings.breaker_failures is None
            else Breaker(
                failures=settings.breaker_failures,
                share=settings.breaker_share_percent,
                window=settings.breaker_window_seconds,
                pause=settings.breaker_pause_seconds,
                longest_pause=settings.breaker_longest_pause_seconds,
            ),
            fifo=settings.fifo,
            timeout=settings.timeout_seconds,
            remembers=settings.remember_seconds,
            redrive_rate=sink.control.redrive_per_second,
            repeated=sum(count for _, count in sums(self._metrics, SinkMetric.REPEATED, **by)),
            handed_back=sum(
                count for _, count in sums(self._metrics, SinkMetric.HANDED_BACK, **by)
            ),
            rejections=rejections(aws, sink.found.rejected),
            dead=[
                Message.read(each) for each in look(aws, sink.found.dead_letters, limit=20).messages
            ],
        )

    def act(self, running: Running, verb: str, body: Body) -> object:
        """Have the controller do it; raises Refused in its words."""
        does = operating.VERBS.get(verb)
        if does is None:
            raise Unknown(f"sinks cannot {verb!r}")
        sink = self._sink(running, str(body.get("sink", "")))
        try:
            return does(self._reach.aws(running, sink.stack), sink, body)
        except AwsError as error:
            raise Refused(f"{error.code}: {error.message}") from error

    def _row(self, running: Running, sink: DeployedSink) -> SinkRow:
        aws = self._reach.aws(running, sink.stack)
        metrics, by = self._metrics, {SINK_DIMENSION: sink.name}
        now = status(aws, sink)
        queue, dead, rejected = self._queues(running, sink)
        is_off = now.held or now.circuit != "closed"
        return SinkRow(
            id=sink.id,
            name=sink.name,
            function=sink.label,
            stack=sink.found.stack,
            status=now,
            rate=sink.settings.rate,
            concurrency=sink.concurrency,
            batch=sink.settings.batch_size,
            guarded=sink.settings.breaker_failures is not None,
            queue=queue,
            dead_letters=dead,
            rejected=rejected,
            delivered=sums(metrics, SinkMetric.DELIVERED, **by),
            failed=sums(metrics, SinkMetric.FAILED, **by),
            throttled=sums(metrics, SinkMetric.THROTTLED, **by),
            off=course.stretches(metrics, sink.name, is_off=is_off, since=now.opened),
            probes=course.probes(metrics, sink.name),
            times=mean_and_most(metrics, SinkMetric.DELIVERY_TIME, _MINUTE, **by),
        )

    def _queues(
        self, running: Running, sink: DeployedSink
    ) -> tuple[QueueFigures, QueueFigures, QueueFigures]:
        """Give its messages, its dead letters and what it rejected."""
        seen = {each.name: each for each in figures(self._reach.aws(running, sink.stack))}
        found = sink.found
        return (
            _counted(seen, found.queue),
            _counted(seen, found.dead_letters),
            _counted(seen, found.rejected),
        )

    def _sink(self, running: Running, id: str) -> DeployedSink:
        found = next((sink for sink in self._sinks(running) if sink.id == id), None)
        if found is None:
            raise Unknown(f"there is no sink {id!r}")
        return found

    def _sinks(self, running: Running) -> Sequence[DeployedSink]:
        known, sinks = self._deployed
        if known is not running:
            sinks = list(deployed_sinks(running))
            self._deployed = (running, sinks)
        return sinks


def _counted(seen: Mapping[str, Figures], url: str) -> QueueFigures:
    each = seen[url.rpartition("/")[2]]
    return QueueFigures(
        arn=each.arn,
        waiting=each.waiting,
        in_flight=each.in_flight,
        delayed=each.delayed,
        oldest=each.oldest,
    )
