"""All queues of the app: at a glance, one in detail, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from cdk_streamer_local.console.mappings import SourceMapping, mappings, turn
from cdk_streamer_local.console.panel import Alert, Body, Panel, Query, Refused, Unknown
from cdk_streamer_local.console.panels.queues import moves, sending
from cdk_streamer_local.console.panels.queues.figures import Figures, figures
from cdk_streamer_local.console.panels.queues.messages import Message, drop, look
from cdk_streamer_local.console.panels.queues.relations import Relations, relations
from cdk_streamer_local.console.reach import Reach
from cdk_streamer_local.console.running import Running
from cdk_streamer_runtime.aws import LeanClient
from cdk_streamer_runtime.errors import AwsError

_HISTORY_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderRow:
    """A function that reads a queue: `function` is its name in the app."""

    mapping: str
    function: str
    state: str
    batch: int | None
    window: int | None
    concurrency: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One queue. `came` and `left` are by second of the last minute, empty if all are zero.

    `dead_letters` is the ARN of its own dead-letter queue, `failures_of` those whose it is.
    """

    arn: str
    name: str
    label: str
    stack: str
    region: str
    fifo: bool
    waiting: int
    in_flight: int
    delayed: int
    oldest: float | None
    came: Sequence[int]
    left: Sequence[int]
    dead_letters: str
    most_receives: int | None
    failures_of: Sequence[str]
    readers: Sequence[ReaderRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One queue with what is in it. `depth`, `came` and `left` are of the last five minutes."""

    row: QueueRow
    url: str
    attributes: Mapping[str, str]
    senders: Sequence[str]
    receivers: Sequence[str]
    sources: Sequence[str]
    depth: Sequence[int]
    came: Sequence[int]
    left: Sequence[int]
    moves: Sequence[moves.Move]
    total: int
    fitting: int
    messages: Sequence[Message]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A queue as it is now, and where."""

    aws: LeanClient
    figures: Figures
    readers: Sequence[SourceMapping]
    sources: Sequence[str]  # ARNs of the queues whose dead letters it gets


class Queues(Panel):
    """Read from the engine, and from the templates what they say of it."""

    name: ClassVar[str] = "queues"

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._related: tuple[Running | None, dict[str, Relations]] = (None, {})

    def read(self, running: Running) -> Sequence[QueueRow]:
        """Give every queue, those of a stack together."""
        rows = [self._row(running, each) for each in self._seen(running)]
        return sorted(rows, key=lambda row: (row.stack == "", row.stack, row.label))

    def close(self) -> None:
        """End the connections that all panels share."""
        self._reach.close()

    def alert(self, running: Running) -> Alert | None:
        """Count dead letters."""
        related = self._relations(running)
        number = 0
        for aws in self._reach.everywhere(running):
            found = list(figures(aws))
            dead = {each.dead_letters for each in found}
            dead |= {arn for arn, told in related.items() if told.failures_of}
            filled = [each for each in found if each.arn in dead and each.total]
            # What somebody reads is seen to.
            read = {reader.source for reader in mappings(aws)} if filled else frozenset[str]()
            number += sum(each.total for each in filled if each.arn not in read)
        return Alert(number=number, words="dead letters") if number else None

    def item(self, running: Running, id: str, query: Query) -> Detail:
        """Give one by its ARN; `text` chooses messages."""
        seen = self.find(running, id)
        row = self._row(running, seen)
        told = self._relations(running).get(id, Relations())
        found = look(seen.aws, seen.figures.url, text=query.get("text", ""))
        readers = {reader.function for reader in row.readers}
        return Detail(
            row=row,
            url=seen.figures.url,
            attributes=seen.figures.attributes,
            senders=told.senders,
            receivers=[each for each in told.receivers if each not in readers],
            sources=[self._label(running, arn) for arn in seen.sources],
            depth=seen.figures.depth(_HISTORY_SECONDS),
            came=seen.figures.came(_HISTORY_SECONDS),
            left=seen.figures.left(_HISTORY_SECONDS),
            moves=moves.latest(seen.aws, id) if seen.sources else [],
            total=found.total,
            fitting=found.fitting,
            messages=[Message.read(each) for each in found.messages],
        )

    def act(self, running: Running, verb: str, body: Body) -> object:
        """Do what a button says; raises Refused in the service's words."""
        does = _VERBS.get(verb)
        if does is None:
            raise Unknown(f"queues cannot {verb!r}")
        seen = self.find(running, str(body.get("queue", "")))
        try:
            return does(seen, body)
        except AwsError as error:
            raise Refused(f"{error.code}: {error.message}") from error

    def find(self, running: Running, arn: str) -> Seen:
        """Give the queue; raises Unknown."""
        found = next((each for each in self._seen(running) if each.figures.arn == arn), None)
        if found is None:
            raise Unknown(f"there is no queue {arn!r}")
        return found

    def _seen(self, running: Running) -> Iterator[Seen]:
        for aws in self._reach.everywhere(running):
            found = list(figures(aws))
            readers = list(mappings(aws))
            for each in found:
                yield Seen(
                    aws=aws,
                    figures=each,
                    readers=[reader for reader in readers if reader.source == each.arn],
                    sources=[other.arn for other in found if other.dead_letters == each.arn],
                )

    def _row(self, running: Running, seen: Seen) -> QueueRow:
        each = seen.figures
        told = self._relations(running).get(each.arn, Relations())
        labels = {wired.function.name: wired.function.label for wired in running.system.wired}
        sources = [self._label(running, arn) for arn in seen.sources]
        return QueueRow(
            arn=each.arn,
            name=each.name,
            label=told.label or each.name,
            stack=told.stack,
            region=each.arn.split(":")[3],
            fifo=each.fifo,
            waiting=each.waiting,
            in_flight=each.in_flight,
            delayed=each.delayed,
            oldest=each.oldest,
            came=each.came(),
            left=each.left(),
            dead_letters=each.dead_letters,
            most_receives=each.most_receives,
            failures_of=list(dict.fromkeys([*sources, *told.failures_of])),
            readers=[
                ReaderRow(
                    mapping=reader.id,
                    function=labels.get(reader.function, reader.function),
                    state=reader.state,
                    batch=reader.batch,
                    window=reader.window,
                    concurrency=reader.concurrency,
                )
                for reader in seen.readers
            ],
        )

    def _label(self, running: Running, arn: str) -> str:
        told = self._relations(running).get(arn)
        return told.label if told is not None else arn.rpartition(":")[2]

    def _relations(self, running: Running) -> dict[str, Relations]:
        known, found = self._related
        if known is not running:
            found = relations(running)
            self._related = (running, found)
        return found


def _delete(seen: Seen, body: Body) -> object:
    ids = [str(each) for each in body.get("messages", ())]
    return {"deleted": drop(seen.aws, seen.figures.url, ids)}


def _purge(seen: Seen, _body: Body) -> object:
    seen.aws.call("sqs", "PurgeQueue", {"QueueUrl": seen.figures.url})
    return {"purged": seen.figures.total}


def _turn(seen: Seen, body: Body) -> object:
    mapping = str(body.get("mapping", ""))
    if mapping not in {reader.id for reader in seen.readers}:
        raise Unknown(f"the queue has no mapping {mapping!r}")
    turn(seen.aws, mapping, on=bool(body.get("on")))
    return {}


_VERBS: Mapping[str, Callable[[Seen, Body], object]] = {
    "send": lambda seen, body: sending.send(seen.aws, seen.figures, body),
    "delete": _delete,
    "purge": _purge,
    "turn": _turn,
    "redrive": lambda seen, body: moves.start(seen.aws, seen.figures.arn, seen.sources, body),
    "cancel": lambda seen, body: moves.cancel(seen.aws, body),
}
