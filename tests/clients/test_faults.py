"""Whatever the network does, a request is told in order, once, and to its end."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings, strategies as st

from cdk_streamer_client.chunks import Chunk
from cdk_streamer_client.errors import ConnectionLost, Unreachable
from cdk_streamer_client.messages import (
    Acknowledged,
    Completed,
    Failed,
    InputRequired,
    Progress,
    Retrying,
)
from tests.clients.world import Fault, World, percentage

# Up to which message something may break; after that the network is sound, so that all must end.
REACH = 60
FAULTS = st.dictionaries(st.integers(0, REACH), st.sampled_from(Fault), max_size=12)
REPORTS = st.integers(0, 40)

Ending = Completed | Failed


def played(world: World, *, idempotent: bool = False) -> World:
    world.run(idempotent=idempotent)
    return world


def news_of(world: World) -> list[Acknowledged | Progress | InputRequired | Retrying | Ending]:
    return [message for message in world.heard if not isinstance(message, Chunk)]


def chunks_of(world: World) -> list[Chunk]:
    return [message for message in world.heard if isinstance(message, Chunk)]


def has_given_up(world: World) -> bool:
    """Tell whether the very first connections all broke: then the client may say so."""
    return isinstance(world.error, Unreachable)


@given(reports=REPORTS)
@settings(max_examples=20)
def test_without_faults_every_message_is_told(reports: int):
    world = played(World(mode="async", reports=reports, faults={}))
    assert [message.seq for message in news_of(world)] == list(range(reports + 2))
    assert (world.connections, world.warnings, world.service.executions) == (1, 0, 1)


@given(reports=REPORTS, faults=FAULTS)
@settings(max_examples=200)
def test_an_async_request_ends_with_its_result(reports: int, faults: dict[int, Fault]):
    world = played(World(mode="async", reports=reports, faults=faults))
    assert has_given_up(world) or isinstance(world.ending, Completed)


@given(reports=REPORTS, faults=FAULTS)
@settings(max_examples=200)
def test_messages_are_told_once_and_in_order(reports: int, faults: dict[int, Fault]):
    world = played(World(mode="async", reports=reports, faults=faults))
    numbers = [message.seq for message in news_of(world)]
    assert has_given_up(world) or all(before < after for before, after in pairwise(numbers))


@given(count=REPORTS, faults=FAULTS)
@settings(max_examples=100)
def test_percentages_are_told_as_they_were_sent(count: int, faults: dict[int, Fault]):
    world = played(World(mode="async", reports=count, faults=faults))
    reports = [message for message in world.heard if isinstance(message, Progress)]
    told = {report.seq: report.percentage for report in reports}
    # A snapshot may have the number of `retrying`, and what was reported before that.
    assert all(value in {percentage(seq), percentage(seq - 1)} for seq, value in told.items())


@given(reports=REPORTS, faults=FAULTS)
@settings(max_examples=100)
def test_an_async_request_is_accepted_once_however_often_it_is_sent(
    reports: int, faults: dict[int, Fault]
):
    world = played(World(mode="async", reports=reports, faults=faults))
    assert world.service.executions == (0 if has_given_up(world) and not world.heard[:-1] else 1)


@given(faults=FAULTS)
@settings(max_examples=100)
def test_the_acceptance_is_told_first_and_the_end_last(faults: dict[int, Fault]):
    world = played(World(mode="async", reports=5, faults=faults))
    kinds = [type(message) for message in world.heard]
    assert has_given_up(world) or kinds[0] is Acknowledged
    assert [kind for kind in kinds if kind in {Completed, Failed}] == kinds[-1:]


@given(faults=FAULTS)
@settings(max_examples=200)
def test_a_sync_action_runs_once_or_the_caller_is_told_that_it_may_have(faults: dict[int, Fault]):
    sound = {at: fault for at, fault in faults.items() if fault is not Fault.DOUBLE}
    world = played(World(mode="sync", reports=0, faults=sound))
    assert world.service.executions <= 1
    assert has_given_up(world) or _is_settled(world)


@given(faults=FAULTS)
@settings(max_examples=100)
def test_an_idempotent_sync_action_ends_with_its_answer(faults: dict[int, Fault]):
    world = played(World(mode="sync", reports=0, faults=faults), idempotent=True)
    assert has_given_up(world) or isinstance(world.ending, Completed)


@given(reports=REPORTS, faults=FAULTS)
@settings(max_examples=300)
def test_every_chunk_is_told_once_and_in_order_before_the_end(
    reports: int, faults: dict[int, Fault]
):
    world = played(World(mode="async", reports=reports, faults=faults, chunks=True))
    told = [(chunk.attempt, chunk.index) for chunk in chunks_of(world)]
    last = [chunk.data for chunk in chunks_of(world) if chunk.attempt == world.service.attempt]
    assert told == sorted(set(told))
    assert has_given_up(world) or world.ending == Completed(result="done", seq=world.service.seq)
    assert has_given_up(world) or last == world.service.chunks


def test_a_lost_push_is_known_within_the_poll_and_its_answer():
    # The 4th message is the acknowledgment's successor: the result itself.
    world = played(World(mode="async", reports=0, faults={4: Fault.LOSE}))
    assert isinstance(world.ending, Completed)
    assert world.warnings == 0
    assert world.connections == 1


def _is_settled(world: World) -> bool:
    match world.ending:
        case Completed(result="done"):
            return world.service.executions == 1
        case Failed(error=ConnectionLost(may_have_run=True)):
            return True
        case _:
            return False
