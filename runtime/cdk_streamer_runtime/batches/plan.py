"""The plan of a batch: its chunks, what it may take, and how many items may fail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cdk_streamer_runtime.contract import STEP_BYTES
from cdk_streamer_runtime.contract.batches import (
    MAX_OPERATIONS,
    BatchSettings,
    Nesting,
    Pacing,
)
from cdk_streamer_runtime.errors import BatchTooLarge

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 100 MB an execution.
WRITTEN_BYTES = 90 * 1024 * 1024
HORIZON = 900  # seconds that a queue delays a message at most
# What of an invocation's 900 seconds is used at least, before chunks wait for the next one.
USED_SECONDS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The ids of a batch in the order in which they were discovered, `size` of them a chunk."""

    ids: Sequence[str]
    size: int
    pages: int
    duplicates: int = 0

    @property
    def items(self) -> int:
        """How many items there are."""
        return len(self.ids)

    @property
    def chunks(self) -> int:
        """How many chunks there are."""
        return -(-len(self.ids) // self.size)

    def chunk(self, number: int) -> Sequence[str]:
        """Give the ids of a chunk, which are counted from 0."""
        return self.ids[number * self.size : (number + 1) * self.size]


class Gathering:
    """Ids as they come in, page by page; one that comes again is left out."""

    def __init__(self, size: int) -> None:
        """Take how many ids a chunk has."""
        self._size = size
        self._known: set[str] = set()
        self._ids: list[str] = []
        self._pages = 0
        self._duplicates = 0

    def add(self, page: Iterable[str]) -> Plan:
        """Take one more page, and give the plan so far."""
        self._pages += 1
        for id in page:
            if id in self._known:
                self._duplicates += 1
            else:
                self._known.add(id)
                self._ids.append(id)
        return Plan(ids=self._ids, size=self._size, pages=self._pages, duplicates=self._duplicates)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How many items may fail before the batch has; None: any number."""

    percentage: float | None = None
    count: int | None = None

    def bears(self, failed: int, items: int) -> bool:
        """Tell whether so many of so many may fail."""
        within_count = self.count is None or failed <= self.count
        within_share = self.percentage is None or failed * 100 <= self.percentage * items
        return within_count and within_share


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """The operations that an execution records. Lambda allows it 3,000.

    `fixed` are its start, its end and the map over the chunks; `chunk` is each chunk that goes
    well, `retry` each other attempt, with the wait before it, and `end` a chunk's dead letters.
    """

    fixed: int
    chunk: int
    retry: int
    attempts: int
    end: int = 0
    rate: float | None = None
    pacing: Pacing = Pacing.WAIT
    at_once: int = 1

    @classmethod
    def of(cls, settings: BatchSettings, *, asks: bool = False, loads: bool = False) -> Costs:
        """Give what a batch takes that `asks` a function, of items that it `loads`."""
        turns = asks and (loads or settings.rate is not None)
        nested = settings.nesting is Nesting.NESTED
        return cls(
            fixed=4,  # the execution itself, begin, the map, finish
            chunk=1 + turns + nested,
            retry=2 + (asks and settings.rate is not None),
            attempts=settings.max_attempts,
            end=int(asks and settings.dead_letter_queue_url is not None),
            rate=settings.rate,
            pacing=settings.pacing,
            at_once=settings.max_concurrency,
        )

    def of_run(self, plan: Plan, *, retries: int = 0) -> int:
        """Count those of a run in which so many chunks are tried once more, none in vain."""
        return self._count(plan, retries * self.retry)

    def most(self, plan: Plan) -> int:
        """Count those of the worst run: every chunk fails every attempt."""
        retries = plan.chunks * ((self.attempts - 1) * self.retry + self.end)
        return self._count(plan, retries + self.pauses(plan))

    def _count(self, plan: Plan, more: int) -> int:
        return self.fixed - (plan.chunks == 0) + plan.pages + plan.chunks * self.chunk + more

    def pauses(self, plan: Plan) -> int:
        """Count those of chunks that wait without any invocation until it is their turn."""
        if self.rate is None:
            return 0
        seconds = plan.items / self.rate
        if self.pacing is Pacing.DELAY:
            late = max(0.0, 1 - HORIZON / seconds) if seconds else 0.0
            return self.retry * round(plan.chunks * late)
        return self.retry * self.at_once * int(seconds / USED_SECONDS)


def check(plan: Plan, costs: Costs) -> None:
    """Raise BatchTooLarge for what an execution could not record, and say what would do."""
    most = costs.most(plan)
    if most <= MAX_OPERATIONS:
        return
    told = (
        f"{plan.items} items in {plan.chunks} chunks and {plan.pages} pages may take {most} "
        f"operations with {costs.attempts} attempts each, but an execution has {MAX_OPERATIONS}"
    )
    raise BatchTooLarge(f"{told}; {_remedy(plan, costs)}")


def _remedy(plan: Plan, costs: Costs) -> str:
    each = costs.chunk + (costs.attempts - 1) * costs.retry + costs.end
    most_chunks = (MAX_OPERATIONS - costs.fixed - plan.pages - costs.pauses(plan)) // each
    if most_chunks < 1:
        return "let discover give more ids a page, or divide them among several batch ids"
    size = -(-plan.items // most_chunks)
    return (
        f"a chunk_size of {size} would do, or fewer attempts, or divide the items among several "
        "batch ids"
    )


def chunk_bytes(plan: Plan, attempts: int) -> int:
    """Give how large a question may be: the record keeps its data, and it with each attempt."""
    return min(STEP_BYTES - 1024, WRITTEN_BYTES // ((1 + attempts) * max(plan.chunks, 1)))
