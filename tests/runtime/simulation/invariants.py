"""What must hold whatever goes wrong, checked against everything that the table ever held."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from cdk_streamer_client.messages import Completed, Progress
from cdk_streamer_runtime.documents import decode
from cdk_streamer_runtime.dynamodb import unmarshal_item
from tests.runtime.simulation.client import Client
from tests.runtime.simulation.jobs import MAX_ATTEMPTS, Jobs

ENDED = {"SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"}

# Written out once more, so that a wrong row in the library's own table shows.
LEGAL = {
    ("QUEUED", "RUNNING"),
    ("QUEUED", "CANCELLED"),
    ("QUEUED", "EXPIRED"),
    ("RUNNING", "RETRY_WAIT"),
    ("RUNNING", "CANCELLING"),
    ("RUNNING", "SUCCEEDED"),
    ("RUNNING", "FAILED"),
    ("RETRY_WAIT", "RUNNING"),
    ("RETRY_WAIT", "CANCELLED"),
    ("CANCELLING", "CANCELLED"),
    ("CANCELLING", "SUCCEEDED"),
}
POSSIBLE = {
    "steady": {"SUCCEEDED"},
    "flaky": {"SUCCEEDED"},
    "broken": {"FAILED"},
    "endless": {"FAILED"},
}


def history_faults(records: list[dict[str, Any]]) -> Iterator[str]:
    """Look at every change of every request's item."""
    for record in records:
        if record["dynamodb"]["Keys"]["sk"]["S"] != "request":
            continue
        new = unmarshal_item(record["dynamodb"].get("NewImage", {}))
        old = unmarshal_item(record["dynamodb"].get("OldImage", {}))
        if old and new:
            yield from _change_faults(old, new)


def _change_faults(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    name = new["request_id"]
    was, now = old["state"], new["state"]
    if was != now and (was, now) not in LEGAL:
        yield f"{name} went from {was} to {now}"
    if was in ENDED and any(old.get(part) != new.get(part) for part in ("seq", "result", "error")):
        yield f"{name} changed after its end"
    if new["attempt"] - old["attempt"] != int(now == "RETRY_WAIT" and was != now):
        yield f"{name} went from attempt {old['attempt']} to {new['attempt']} as {now}"
    if not 0 <= new["seq"] - old["seq"] <= 2:
        yield f"{name} went from seq {old['seq']} to {new['seq']}"
    if was == now == "RUNNING" and old["worker"] != new["worker"]:
        yield f"{name} changed hands within an attempt"
    before, after = _progress(old), _progress(new)
    if before.get("attempt") == after.get("attempt") and before["percentage"] > after["percentage"]:
        yield f"{name} went back from {before['percentage']} % to {after['percentage']} %"


def _progress(item: Mapping[str, Any]) -> Mapping[str, Any]:
    return decode(item["progress"]) if "progress" in item else {"percentage": 0}


def outcome_faults(
    client: Client, item: Mapping[str, Any] | None, jobs: Jobs, *, calm: bool
) -> Iterator[str]:
    """Compare what a client was told with what was stored and with what was done."""
    name = client.request_id
    if item is None:
        if not client.left:
            yield f"{name} was never accepted"
        return
    state = item["state"]
    if state not in ENDED:
        yield f"{name} is still {state} in attempt {item['attempt']}"
        return
    yield from _state_faults(client, item)
    yield from _effect_faults(name, state, jobs)
    if not client.left:
        yield from _knowledge_faults(client, item)
    if calm and jobs.executions.get(name, 0) > _calm_executions(client):
        yield f"{name} was executed {jobs.executions[name]} times although nothing failed"


def _calm_executions(client: Client) -> int:
    return 3 if client.action == "flaky" else 1


def _state_faults(client: Client, item: Mapping[str, Any]) -> Iterator[str]:
    state = item["state"]
    possible = set(POSSIBLE[client.action])
    if client.cancelled:
        possible.add("CANCELLED")
    if item["attempt"] >= MAX_ATTEMPTS or (client.action != "endless" and _timed_out(item)):
        possible.add("FAILED")
    if state not in possible:
        yield f"{client.request_id} ({client.action}) ended as {state}: {item.get('error')}"


def _timed_out(item: Mapping[str, Any]) -> bool:
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


def _knowledge_faults(client: Client, item: Mapping[str, Any]) -> Iterator[str]:
    name, outcome = client.request_id, client.outcome
    if outcome is None:
        yield f"{name} ended as {item['state']} and its client does not know"
        return
    if outcome.seq != item["seq"]:
        yield f"{name} told {outcome.seq} as its last seq, stored {item['seq']}"
    if isinstance(outcome, Completed) != (item["state"] == "SUCCEEDED"):
        yield f"{name} ended as {item['state']} and its client heard {outcome}"
    if isinstance(outcome, Completed) and outcome.result != {"request": name}:
        yield f"{name} gave {outcome.result!r}"
    if "secret" in str(client.seen):
        yield f"{name} told its client what only the log may know"
    yield from _order_faults(client)


def _order_faults(client: Client) -> Iterator[str]:
    numbers = [message.seq for message in client.seen]
    if any(later <= earlier for earlier, later in itertools.pairwise(numbers)):
        yield f"{client.request_id} showed seq {numbers}"
    reports = [message for message in client.seen if isinstance(message, Progress)]
    for earlier, later in itertools.pairwise(reports):
        if earlier.attempt == later.attempt and (earlier.percentage or 0) > (later.percentage or 0):
            yield f"{client.request_id} showed {earlier.percentage} % and {later.percentage} %"
