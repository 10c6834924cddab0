"""The lease alone, in every order of events: two workers, three attempts, any crash, late writes.

Time is left out: a lease may run out at any moment, which is worse than any clock. Worlds that
have the same future are one (`_essence`), which a smaller model shows to leave nothing out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from cdk_streamer_runtime.contract import State
from cdk_streamer_runtime.requests.transitions import TERMINAL, Event, next_state

ATTEMPTS = 3
LATE_WRITES = 2  # at the same time, of workers that gave up or died


class Write(NamedTuple):
    """A conditional write on its way: it takes place if it finds this state and this attempt."""

    worker: int
    attempt: int
    finds: State
    event: Event


class Worker(NamedTuple):
    """What one worker believes: the attempt it holds, and the write whose answer it awaits."""

    attempt: int = 0
    awaits: Write | None = None


class World(NamedTuple):
    """One moment. `holder` claimed the attempt, the attempt `ended_by` ended the request."""

    state: State = State.QUEUED
    attempt: int = 1
    holder: int = -1
    claimed: int = 0  # the latest attempt that anybody claimed
    ended_by: int = 0
    messages: frozenset[int] = frozenset({1})
    workers: tuple[Worker, ...] = (Worker(), Worker())
    late: frozenset[Write] = frozenset()


def next_worlds(world: World) -> Iterator[World]:
    if world.state in TERMINAL and not world.late:
        return  # whatever is written now finds another state
    for index in range(len(world.workers)):
        yield from _worker_steps(world, index)
    for write in world.late:
        landed, _ = _land(world, write)
        yield landed._replace(late=world.late - {write})
        yield world._replace(late=world.late - {write})  # or is lost for good
    yield from _watcher_steps(world)
    yield from _client_steps(world)


def _worker_steps(world: World, index: int) -> Iterator[World]:
    worker = world.workers[index]
    if worker.awaits is not None:
        yield from _write_steps(world, index, worker.awaits)
    elif worker.attempt:
        for event in (Event.SUCCEED, Event.FAIL, Event.RETRY):
            for finds in (State.RUNNING, State.CANCELLING):
                write = Write(index, worker.attempt, finds, event)
                yield _put(world, index, worker._replace(awaits=write))
        yield _put(world, index, Worker())  # dies in the handler
    else:
        for attempt in world.messages:  # delivered any number of times
            for finds in (State.QUEUED, State.RETRY_WAIT):
                claim = Write(index, attempt, finds, Event.CLAIM)
                yield _put(world, index, Worker(awaits=claim))


def _write_steps(world: World, index: int, write: Write) -> Iterator[World]:
    landed, took_place = _land(world, write)
    holds = write.attempt if write.event is Event.CLAIM and took_place else 0
    if write.event is not Event.CLAIM and not took_place:
        holds = 0  # refused: the result is dropped
    yield _put(landed, index, Worker(attempt=holds))
    yield _put(landed, index, Worker())  # lands, and its writer dies without the answer
    if len(world.late) < LATE_WRITES:
        abandoned = world._replace(late=world.late | {write})
        yield _put(abandoned, index, Worker())


def _watcher_steps(world: World) -> Iterator[World]:
    """Find the lease over, whenever it pleases; send what is due, any number of times."""
    if world.state is State.RUNNING and world.attempt < ATTEMPTS:
        yield _change(world, Event.RETRY)
    if world.state is State.RUNNING and world.attempt == ATTEMPTS:
        yield _change(world, Event.FAIL)
    if world.state is State.CANCELLING:
        yield _change(world, Event.STOP)
    if world.state in {State.QUEUED, State.RETRY_WAIT}:
        yield world._replace(messages=world.messages | {world.attempt})


def _client_steps(world: World) -> Iterator[World]:
    if world.state in {State.QUEUED, State.RETRY_WAIT, State.RUNNING}:
        yield _change(world, Event.CANCEL)


def _land(world: World, write: Write) -> tuple[World, bool]:
    if (world.state, world.attempt) != (write.finds, write.attempt):
        return world, False
    if write.event is Event.RETRY and write.attempt == ATTEMPTS:
        return _change(world, Event.FAIL), True
    if write.event is Event.CLAIM:
        assert write.attempt > world.claimed, "an attempt is claimed at most once"
        claimed = _change(world, Event.CLAIM)
        return claimed._replace(holder=write.worker, claimed=write.attempt), True
    assert world.holder == write.worker, "only who claimed the attempt may end it"
    return _change(world, write.event), True


def _change(world: World, event: Event) -> World:
    assert world.state not in TERMINAL, "what has ended stays as it is"
    state = next_state(world.state, event)
    if state is State.RETRY_WAIT:
        return world._replace(state=state, attempt=world.attempt + 1, holder=-1)
    ended_by = world.attempt if state in TERMINAL else 0
    return world._replace(state=state, ended_by=ended_by)


def _put(world: World, index: int, worker: Worker) -> World:
    workers = list(world.workers)
    workers[index] = worker
    return world._replace(workers=tuple(workers))


def _essence(world: World) -> World:
    """Give the world that stands for all with its future.

    The attempt only grows, and a write is refused that names another: what belongs to an earlier
    one changes nothing any more. And it does not matter which of the workers is called the first.
    """
    late = [write for write in world.late if write.attempt == world.attempt]
    workers = [
        Worker()
        if (worker.awaits.attempt if worker.awaits else worker.attempt) != world.attempt
        else worker
        for worker in world.workers
    ]
    messages = world.messages & {world.attempt}
    one = world._replace(workers=tuple(workers), late=frozenset(late), messages=messages)
    return min(one, _swapped(one), key=_order)


def _swapped(world: World) -> World:
    """Give the world in which the first worker is called the second."""

    def named(write: Write) -> Write:
        return write._replace(worker=1 - write.worker)

    return world._replace(
        holder=world.holder if world.holder < 0 else 1 - world.holder,
        workers=tuple(
            worker if worker.awaits is None else worker._replace(awaits=named(worker.awaits))
            for worker in reversed(world.workers)
        ),
        late=frozenset(map(named, world.late)),
    )


def _order(world: World) -> tuple[object, ...]:
    """Give what orders a world and its mirror image, which differ in nothing else."""
    workers = [(worker.attempt, worker.awaits or ()) for worker in world.workers]
    return world.holder, workers, sorted(world.late)


def _explore(essence: Callable[[World], World]) -> dict[World, list[World]]:
    """Give every world that can come about, each with those it can come from."""
    start = World()
    origins: dict[World, list[World]] = {start: []}
    waiting = [start]
    while waiting:
        world = waiting.pop()
        for after in map(essence, next_worlds(world)):
            if after not in origins:
                origins[after] = []
                waiting.append(after)
            origins[after].append(world)
    return origins


def test_no_order_of_events_breaks_the_lease_or_leaves_a_request_behind():
    origins = _explore(_essence)

    ended = [world for world in origins if world.state in TERMINAL]
    can_end = set(ended)
    waiting = list(ended)
    while waiting:
        for origin in origins[waiting.pop()]:
            if origin not in can_end:
                can_end.add(origin)
                waiting.append(origin)

    assert len(origins) > 5_000
    assert can_end == set(origins)
    assert {world.ended_by for world in ended} == set(range(1, ATTEMPTS + 1))


def test_worlds_that_count_as_one_have_the_same_future(monkeypatch):
    monkeypatch.setitem(globals(), "ATTEMPTS", 2)
    monkeypatch.setitem(globals(), "LATE_WRITES", 1)

    every = _explore(lambda world: world)

    assert {_essence(world) for world in every} == set(_explore(_essence))
