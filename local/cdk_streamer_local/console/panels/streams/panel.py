"""All stream processors: sources, rules, figures, and faults that wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from cdk_streamer_local.console.mappings import SourceMapping, mappings, turn
from cdk_streamer_local.console.measures import Pairs, mean_and_most, sums
from cdk_streamer_local.console.metrics import Metrics
from cdk_streamer_local.console.panel import Alert, Body, Panel, Query, Refused, Unknown
from cdk_streamer_local.console.panels.queues.figures import Figures, figures
from cdk_streamer_local.console.panels.streams import parked, putting
from cdk_streamer_local.console.panels.streams.latest import Latest, latest
from cdk_streamer_local.console.panels.streams.processors import Processor, Source, processors
from cdk_streamer_local.console.panels.streams.shards import ShardRow, shards
from cdk_streamer_local.console.reach import Reach
from cdk_streamer_local.console.running import Running
from cdk_streamer_local.topology.graph import Rule
from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract.streams import (
    PIPELINE_DIMENSION,
    STREAM_DIMENSION,
    StreamMetric,
)
from cdk_streamer_runtime.errors import AwsError

_MINUTE = 60
_OTHERS = (
    StreamMetric.RECORDS_IGNORED,
    StreamMetric.RECORDS_REDELIVERED,
    StreamMetric.EVENTS_DROPPED,
    StreamMetric.LOST_RACES,
    StreamMetric.RETRIES,
    StreamMetric.CIRCUIT_OPENINGS,
    StreamMetric.CALLS_REFUSED,
    StreamMetric.DEADLINES,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """A pipeline of a rule. `events` is what it took, `times` the mean and the longest run, in ms.

    `faults` are those that wait, among the first that were looked at.
    """

    id: str
    flavor: str
    takes: str
    emits: Sequence[str]
    events: Pairs
    times: tuple[float, float] | None
    faults: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingRow:
    """How a source is read. A queue tells what waits there, a stream its shards."""

    mapping: SourceMapping
    waiting: int | None
    in_flight: int | None
    oldest: float | None
    shards: Sequence[ShardRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRow:
    """One processor. `age` is that of events when they were taken: mean and most, in ms."""

    id: str
    name: str
    function: str
    stack: str
    sources: Sequence[Source]
    mappings: Sequence[MappingRow]
    rules: Sequence[RuleRow]
    records: Pairs
    faults: Pairs
    age: tuple[float, float] | None
    others: Mapping[str, float]
    parked: int
    fault_queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One processor, with the faults that wait and what came to its sources lately."""

    row: StreamRow
    faults: Sequence[parked.ParkedFault]
    latest: Sequence[Latest]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is there besides processors, seen at the same time."""

    aws: Aws
    queues: Mapping[str, Figures]
    mappings: Sequence[SourceMapping]
    shards: Mapping[str, Sequence[ShardRow]]


class Streams(Panel):
    """Read from the picture of the app, the engine, and what functions measured."""

    name: ClassVar[str] = "streams"

    def __init__(self, reach: Reach, metrics: Metrics) -> None:
        self._reach = reach
        self._metrics = metrics
        self._found: tuple[Running | None, Sequence[Processor]] = (None, ())

    def read(self, running: Running) -> Sequence[StreamRow]:
        """Give every processor."""
        places: dict[int, Place] = {}
        rows: list[StreamRow] = []
        for each in self._processors(running):
            aws = self._reach.aws(running, each.stack)
            if id(aws) not in places:
                places[id(aws)] = _place(aws)
            rows.append(self._row(each, places[id(aws)]))
        return rows

    def alert(self, running: Running) -> Alert | None:
        """Count faults that wait."""
        number = 0
        for each in self._processors(running):
            if each.faults:
                found = _by_name(figures(self._reach.aws(running, each.stack)))
                number += found[_name(each.faults)].total
        return Alert(number=number, words="faults wait") if number else None

    def item(self, running: Running, id: str, query: Query) -> object:
        """Give one by its id; with `fault` the whole record of that one, as it was."""
        each = self._processor(running, id)
        aws = self._reach.aws(running, each.stack)
        if "fault" in query:
            return {"record": parked.original(aws, each.faults, query["fault"])}
        row = self._row(each, _place(aws))
        return Detail(
            row=row,
            faults=list(parked.parked_faults(aws, each.faults)) if each.faults else [],
            latest=[
                record
                for mapping in row.mappings
                if "latest" in query
                for record in latest(each.stack.services, mapping.mapping.source)
            ],
        )

    def act(self, running: Running, verb: str, body: Body) -> object:
        """Resubmit, discard, put, turn; raises Refused in the service's words."""
        each = self._processor(running, str(body.get("stream", "")))
        aws = self._reach.aws(running, each.stack)
        try:
            match verb:
                case "resubmit":
                    return parked.resubmit(aws, each.faults, body)
                case "discard":
                    return parked.discard(aws, each.faults, body)
                case "put":
                    return putting.put(aws, _chosen(each, body), body)
                case "turn":
                    return _turned(aws, each, body)
                case _:
                    raise Unknown(f"streams cannot {verb!r}")
        except AwsError as error:
            raise Refused(f"{error.code}: {error.message}") from error

    def _row(self, each: Processor, place: Place) -> StreamRow:
        metrics, by = self._metrics, {STREAM_DIMENSION: each.name}
        told = list(parked.parked_faults(place.aws, each.faults)) if each.faults else []
        hit = Counter(pipeline for fault in told for pipeline in fault.pipelines)
        queue = place.queues.get(_name(each.faults)) if each.faults else None
        return StreamRow(
            id=each.id,
            name=each.name,
            function=each.label,
            stack=each.stack.template.name,
            sources=each.sources,
            mappings=[
                _mapping(one, place) for one in place.mappings if one.function == each.function
            ],
            rules=[_rule(rule, metrics, each.name, hit[rule.id]) for rule in each.rules],
            records=sums(metrics, StreamMetric.RECORDS, **by),
            faults=sums(metrics, StreamMetric.FAULTS, **by),
            age=mean_and_most(metrics, StreamMetric.EVENT_AGE, _MINUTE, **by),
            others=_others(metrics, **by),
            parked=queue.total if queue else 0,
            fault_queue=queue.arn if queue else "",
        )

    def _processor(self, running: Running, id: str) -> Processor:
        found = next((each for each in self._processors(running) if each.id == id), None)
        if found is None:
            raise Unknown(f"there is no stream processor {id!r}")
        return found

    def _processors(self, running: Running) -> Sequence[Processor]:
        known, found = self._found
        if known is not running:
            found = list(processors(running))
            self._found = (running, found)
        return found


def _place(aws: Aws) -> Place:
    return Place(
        aws=aws,
        queues=_by_name(figures(aws)),
        mappings=list(mappings(aws)),
        shards=shards(aws),
    )


def _rule(rule: Rule, metrics: Metrics, stream: str, faults: int) -> RuleRow:
    by = {STREAM_DIMENSION: stream, PIPELINE_DIMENSION: rule.id}
    return RuleRow(
        id=rule.id,
        flavor=rule.flavor,
        takes=rule.takes,
        emits=rule.emits,
        events=sums(metrics, StreamMetric.EVENTS, **by),
        times=mean_and_most(metrics, StreamMetric.PIPELINE_TIME, _MINUTE, **by),
        faults=faults,
    )


def _others(metrics: Metrics, **by: str) -> dict[str, float]:
    counts = {
        metric.value: sum(count for _, count in sums(metrics, metric, **by)) for metric in _OTHERS
    }
    return {name: count for name, count in counts.items() if count}


def _mapping(mapping: SourceMapping, place: Place) -> MappingRow:
    queue = place.queues.get(mapping.source.rpartition(":")[2])
    is_queue = queue is not None and queue.arn == mapping.source
    return MappingRow(
        mapping=mapping,
        waiting=queue.waiting if queue and is_queue else None,
        in_flight=queue.in_flight if queue and is_queue else None,
        oldest=queue.oldest if queue and is_queue else None,
        shards=place.shards.get(mapping.id, ()),
    )


def _chosen(each: Processor, body: Body) -> Source:
    at: Any = body.get("source", 0)
    if not isinstance(at, int) or not 0 <= at < len(each.sources):
        raise Unknown(f"the processor has {len(each.sources)} sources, got number {at!r}")
    return each.sources[at]


def _turned(aws: Aws, each: Processor, body: Body) -> object:
    mapping = str(body.get("mapping", ""))
    if mapping not in {found.id for found in mappings(aws) if found.function == each.function}:
        raise Unknown(f"the processor has no mapping {mapping!r}")
    turn(aws, mapping, on=bool(body.get("on")))
    return {}


def _by_name(found: Iterable[Figures]) -> dict[str, Figures]:
    return {each.name: each for each in found}


def _name(url: str) -> str:
    return url.rpartition("/")[2]
