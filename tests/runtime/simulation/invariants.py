"""What must hold whatever goes wrong: what callers were told, what was stored, what was done."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from cdk_streamer_client.chunks import Chunk
from cdk_streamer_client.messages import Completed, Progress
from tests.runtime.simulation.client import Client
from tests.runtime.simulation.history import ENDED
from tests.runtime.simulation.jobs import MAX_ATTEMPTS, Jobs
from tests.runtime.simulation.people import People
from tests.runtime.simulation.visitor import Visitor

Item = Mapping[str, Any]
Asker = Client | Visitor

POSSIBLE = {
    "steady": {"SUCCEEDED"},
    "flaky": {"SUCCEEDED"},
    "broken": {"FAILED"},
    "endless": {"FAILED"},
    "asking": {"SUCCEEDED"},
    "hasty": {"SUCCEEDED"},
    "wavering": {"SUCCEEDED"},
}
CALM_ATTEMPTS = {"flaky": 3, "wavering": 2}
DURABLE = {"asking", "hasty", "wavering"}


def outcome_faults(
    asker: Asker, item: Item | None, jobs: Jobs, *, calm: bool, may_expire: bool
) -> Iterator[str]:
    """Compare what a caller was told with what was stored and with what was done."""
    name = asker.wish.request_id
    if isinstance(asker, Visitor):
        yield from asker.refused
    if item is None:
        if not asker.left:
            yield f"{name} was never accepted"
        return
    state = item["state"]
    if state not in ENDED:
        yield f"{name} is still {state} in attempt {item['attempt']}"
        return
    yield from _state_faults(asker, item, may_expire=may_expire)
    yield from _effect_faults(name, state, jobs)
    if not asker.left:
        yield from _knowledge_faults(asker, item, jobs)
    if calm:
        yield from _calm_faults(asker, item, jobs)


def answer_faults(people: People, jobs: Jobs, *, calm: bool) -> Iterator[str]:
    """Compare what people were told of their answers with what handlers were told.

    An answer that is given again while its question times out may be taken in vain, for Lambda
    refuses what is late as it refuses what it has; but not once the handler has gone on.
    """
    for question, colors in people.accepted.items():
        if len(colors) > 1:
            yield f"{question} was answered by each of {sorted(colors)}"
        heard = jobs.answers.get(question, next(iter(colors)))
        in_vain = question in jobs.answers and heard is None
        last = max(colors.values())
        if in_vain and not (calm and last > jobs.heard_at[question] + 1_000):
            continue
        if heard not in colors:
            yield f"{question} was answered by {sorted(colors)}, and its handler heard {heard}"


def _calm_faults(asker: Asker, item: Item, jobs: Jobs) -> Iterator[str]:
    name, action = asker.wish.request_id, asker.wish.action
    most = CALM_ATTEMPTS.get(action, 1)
    if action not in DURABLE and jobs.executions.get(name, 0) > most:
        yield f"{name} was executed {jobs.executions[name]} times although nothing failed"
    if item["attempt"] > most:
        yield f"{name} took {item['attempt']} attempts although nothing failed"


def _state_faults(asker: Asker, item: Item, *, may_expire: bool) -> Iterator[str]:
    state, wish = item["state"], asker.wish
    possible = set(POSSIBLE[wish.action])
    if asker.cancelled:
        possible.add("CANCELLED")
    if may_expire:
        possible.add("EXPIRED")
    timed_out = wish.action != "endless" and _timed_out(item)
    if item["attempt"] >= MAX_ATTEMPTS or timed_out:
        possible.add("FAILED")
    if state not in possible:
        yield f"{wish.request_id} ({wish.action}) ended as {state}: {item.get('error')}"


def _timed_out(item: Item) -> bool:
    """Tell whether a frozen worker ate up the time: the deadline has really passed."""
    return item.get("ended_at", 0) >= item.get("deadline_at", 1 << 62)


def _effect_faults(name: str, state: str, jobs: Jobs) -> Iterator[str]:
    effects = jobs.sink.effects.get(name, 0)
    if effects > 1:
        yield f"{name} took effect {effects} times"
    if state == "SUCCEEDED" and effects != 1:
        yield f"{name} succeeded with {effects} effects"
    writes = jobs.sink.writes.get(name, [])
    if writes != sorted(writes):
        yield f"{name} was written by attempts {writes}: a zombie got through"


def _knowledge_faults(asker: Asker, item: Item, jobs: Jobs) -> Iterator[str]:
    name, outcome = asker.wish.request_id, asker.outcome
    if outcome is None:
        yield f"{name} ended as {item['state']} and its caller does not know"
        return
    if outcome.seq != item["seq"]:
        yield f"{name} told {outcome.seq} as its last seq, stored {item['seq']}"
    if isinstance(outcome, Completed) != (item["state"] == "SUCCEEDED"):
        yield f"{name} ended as {item['state']} and its caller heard {outcome}"
    if "secret" in str(asker.seen):
        yield f"{name} told its caller what only the log may know"
    if isinstance(outcome, Completed):
        yield from _result_faults(asker, outcome, item, jobs)
    yield from _order_faults(asker)
    yield from _chunk_faults(asker)


def _result_faults(asker: Asker, outcome: Completed, item: Item, jobs: Jobs) -> Iterator[str]:
    name = asker.wish.request_id
    result = outcome.result if isinstance(outcome.result, dict) else {}
    whose = {"request": name, "attempt": item["attempt"]}
    if {member: result.get(member) for member in whose} != whose:
        yield f"{name} gave the result of {result.get('request')}, {result.get('attempt')}"
    heard = [answer for (of, _), answer in jobs.answers.items() if of == name]
    if any(answer not in heard for answer in result.get("answers", ())):
        yield f"{name} gave {result['answers']} as answers, heard {heard}"
    told = [message for message in asker.seen if isinstance(message, Chunk)]
    last = [chunk for chunk in told if chunk.attempt == item["attempt"]]
    wanted = jobs.chunks.get((name, item["attempt"]), -1)
    if outcome.missing_chunk is not None or not len(last) == wanted == item.get("chunks", 0):
        yield f"{name} told {len(last)} of {wanted} chunks, counts {item.get('chunks', 0)}"


def _chunk_faults(asker: Asker) -> Iterator[str]:
    name = asker.wish.request_id
    chunks = [message for message in asker.seen if isinstance(message, Chunk)]
    for attempt, group in itertools.groupby(chunks, key=lambda chunk: chunk.attempt):
        told = list(group)
        numbers = [chunk.index for chunk in told]
        if numbers != list(range(len(numbers))):
            yield f"{name} told chunks {numbers} of attempt {attempt}"
        if any(chunk.data["attempt"] != attempt for chunk in told):
            yield f"{name} told a chunk of another attempt as one of attempt {attempt}"
        if any(chunk.data["index"] != chunk.index for chunk in told):
            yield f"{name} told {[chunk.data['index'] for chunk in told]} as {numbers}"
    attempts = [chunk.attempt for chunk in chunks]
    if attempts != sorted(attempts):
        yield f"{name} told chunks of an attempt after those of a later one"


def _order_faults(asker: Asker) -> Iterator[str]:
    news = [message for message in asker.seen if not isinstance(message, Chunk)]
    numbers = [message.seq for message in news]
    if any(later <= earlier for earlier, later in itertools.pairwise(numbers)):
        yield f"{asker.wish.request_id} showed seq {numbers}"
    reports = [message for message in news if isinstance(message, Progress)]
    for earlier, later in itertools.pairwise(reports):
        if earlier.attempt == later.attempt and (earlier.percentage or 0) > (later.percentage or 0):
            yield f"{asker.wish.request_id} showed {earlier.percentage} %, then {later.percentage}"
