"""What every run has to show, whatever went wrong in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from tests.runtime.streams.simulation.changes import Bad, Change, Source
from tests.runtime.streams.simulation.invocation import Invocation

Works = Mapping[str, tuple[str, ...]]  # what a pipeline's effects are called, by its name


def wanted(change: Change, works: Works) -> Iterator[tuple[str, str]]:
    """Give the effects that make a change done, where it can be."""
    if change.undecodable or change.foreign:
        return
    for pipeline, effects in works.items():
        if pipeline not in change.bad:
            yield from ((effect, change.id) for effect in effects)


def is_faulty(change: Change) -> bool:
    """Tell whether a change ends as a fault."""
    return change.undecodable or (bool(change.bad) and not change.foreign)


def judge_invocation(invocation: Invocation, works: Works, source: Source) -> Iterator[str]:
    """Tell what an answer acknowledges although it was not done, and the like."""
    if invocation.failed is None:
        return
    failed = invocation.failed
    if source.is_stream and failed:
        lowest = min(failed)
        failed = {each.number for each in invocation.changes if each.number >= lowest}
        yield from _begun_above(invocation, lowest)
    faulted = {number for number, _ in invocation.faults}
    for change in invocation.changes:
        if change.number in failed:
            if change.number in faulted - invocation.unsure:
                yield f"{invocation.name}: a fault of {change.id}, which comes again"
            continue
        if missing := [each for each in wanted(change, works) if each not in invocation.done]:
            yield f"{invocation.name}: acknowledged without {missing}"
        if is_faulty(change) and change.number not in faulted:
            yield f"{invocation.name}: acknowledged {change.id} without its fault"
    if source is Source.FIFO:
        yield from _out_of_group(invocation, failed)


def _begun_above(invocation: Invocation, lowest: int) -> Iterator[str]:
    since = invocation.given_up(lowest)
    # After its deadline it is given up without another attempt, nobody sees when.
    if since is not None and (invocation.ended or 0) < invocation.deadline:
        for number, at in invocation.begun:
            if number > lowest and at > since:
                yield f"{invocation.name}: e{number} began after e{lowest} was given up"


def _out_of_group(invocation: Invocation, failed: Iterable[int]) -> Iterator[str]:
    lowest: dict[str, int] = {}
    numbers = set(failed)
    for change in invocation.changes:
        if change.number in numbers:
            lowest.setdefault(change.key, change.number)
        elif change.key in lowest:
            yield f"{invocation.name}: {change.id} is done before e{lowest[change.key]}"


def judge_faults(changes: Iterable[Change], invocations: Iterable[Invocation]) -> Iterator[str]:
    """Tell of faults that should not be, are told twice, or tell the wrong pipelines."""
    by_number = {change.number: change for change in changes}
    ids: dict[int, set[str]] = defaultdict(set)
    for invocation in invocations:
        in_one: dict[int, set[frozenset[str]]] = defaultdict(set)
        for number, document in invocation.faults:
            ids[number].add(document["id"])
            in_one[number].add(frozenset(document["pipelines"]))
        for number, pipelines in in_one.items():
            change = by_number[number]
            if not is_faulty(change):
                yield f"{invocation.name}: a fault of {change.id}, which is sound"
            elif pipelines != {frozenset() if change.undecodable else frozenset(change.bad)}:
                yield f"{invocation.name}: the fault of {change.id} is of {pipelines}"
    for number, known in ids.items():
        if len(known) > 1:
            yield f"e{number} has {len(known)} faults"


def judge_answers(
    changes: Iterable[Change],
    invocations: Iterable[Invocation],
    dead: Iterable[Change],
    source: Source,
) -> Iterator[str]:
    """Tell of records that nobody has answered."""
    answered = {change.number for change in dead}
    for invocation in invocations:
        if invocation.failed is None:
            continue
        lowest = min(invocation.failed, default=None) if source.is_stream else None
        answered |= {
            change.number
            for change in invocation.changes
            if change.number not in invocation.failed and (lowest is None or change.number < lowest)
        }
    for change in changes:
        if change.number not in answered:
            yield f"{change.id} was never answered"


def judge_view(
    items: Iterable[Mapping[str, object]],
    changes: Iterable[Change],
    landed: set[str],
    source: Source,
) -> Iterator[str]:
    """Tell of views that are not as the newest event says that got there."""
    shown = {str(item["pk"]): item for item in items}
    newest: dict[str, tuple[int, int]] = {}
    for change in changes:
        if change.id in landed:
            rank = (change.timestamp, change.number if source.is_ordered else 0)
            newest[change.key] = max(newest.get(change.key, rank), rank)
    by_id = {change.id: change for change in changes}
    for key, rank in newest.items():
        if key not in shown:
            yield f"{key} is not in the view"
            continue
        change = by_id[str(shown[key]["event"])]
        if (change.timestamp, change.number if source.is_ordered else 0) != rank:
            yield f"{key} is shown as of {change.id}, but {rank} is newer"


def judge_calm(invocations: Iterable[Invocation], works: Works) -> Iterator[str]:
    """Tell what is not as it has to be when nothing fails."""
    for invocation in invocations:
        if invocation.failed != frozenset():
            yield f"{invocation.name}: handed back {invocation.failed} in calm weather"
        if any(Bad.REFUSED in change.bad.values() for change in invocation.changes):
            continue
        if invocation.failing:
            yield f"{invocation.name}: calls failed in calm weather"
        times: dict[tuple[str, str], int] = defaultdict(int)
        for change in invocation.changes:
            for effect in wanted(change, works):
                times[effect] += 1
        if len(times) != len(invocation.done):
            yield f"{invocation.name}: did {len(invocation.done)} things, not {len(times)}"
