"""Everything that the table ever held, looked at as it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from cdk_streamer_runtime.contract import ItemKind
from cdk_streamer_runtime.documents import decode
from cdk_streamer_runtime.dynamodb import unmarshal_item
from tests.runtime.simulation.jobs import PLACES
from tests.runtime.simulation.scheduler import START, Scheduler

ENDED = {"SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"}
CHUNKS_AT_ONCE = 25

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
    ("RETRY_WAIT", "EXPIRED"),
    ("CANCELLING", "CANCELLED"),
    ("CANCELLING", "SUCCEEDED"),
}
LEGAL_IF_DURABLE = {
    ("RUNNING", "CANCELLED"),  # while it sleeps
    ("RUNNING", "INPUT_REQUIRED"),
    ("INPUT_REQUIRED", "RUNNING"),
    ("INPUT_REQUIRED", "CANCELLED"),
    ("INPUT_REQUIRED", "FAILED"),
    ("INPUT_REQUIRED", "RETRY_WAIT"),
}

Item = Mapping[str, Any]


class History:
    """The requests, chunks and limits of one world, and what was wrong with any change."""

    def __init__(self, scheduler: Scheduler, objects: Callable[[], Iterable[str]]) -> None:
        """Take the time, and what tells which objects there are."""
        self.records: list[Mapping[str, Any]] = []
        self.read = 0
        self.found: list[str] = []
        self.requests: dict[str, Item] = {}
        self.limits: dict[str, Item] = {}
        self.takings: dict[str, int] = {}  # from the rate of each limit
        self._scheduler = scheduler
        self._objects = objects
        self._chunks: dict[str, set[str]] = {}
        self._open: dict[str, set[str]] = {}
        self._took: dict[str, set[str]] = {}
        self._lost_at: dict[str, int] = {}
        self._arns: dict[tuple[str, int], str] = {}

    def take(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Look at what was written just now."""
        for record in records:
            self.records.append(record)
            self.read = int(record["dynamodb"]["SequenceNumber"])
            self.found += self._faults(record["dynamodb"])

    def invoked(self, key: str, attempt: int, arn: str) -> None:
        """Know that an execution runs an attempt: there is never another one of the same."""
        if self._arns.setdefault((key, attempt), arn) != arn:
            self.found.append(f"attempt {attempt} of {key} has two executions")

    def unplaced(self) -> Iterator[str]:
        """Tell of limits whose count is not that of the requests that were accepted."""
        for key, request in self.requests.items():
            for limit in request.get("slots", ()):
                if key not in self._took.get(limit, ()):
                    yield f"{request['request_id']} took no place"
        for limit, takings in self.takings.items():
            if takings != len(self.requests):
                yield f"{takings} were taken from {limit} by {len(self.requests)} requests"

    def held(self) -> Iterator[str]:
        """Tell of places that nobody has given back."""
        for limit, item in self.limits.items():
            if item.get("slots"):
                yield f"{limit} still has {len(item['slots'])} places taken"

    def _faults(self, change: Mapping[str, Any]) -> Iterator[str]:
        new = unmarshal_item(change.get("NewImage", {}))
        old = unmarshal_item(change.get("OldImage", {}))
        key, kind = change["Keys"]["pk"]["S"], change["Keys"]["sk"]["S"]
        if not new:
            yield f"{kind} of {key} was removed"
        elif kind == ItemKind.REQUEST:
            yield from self._request_faults(key, old, new)
        elif kind == ItemKind.LIMIT:
            yield from self._limit_faults(key, old, new)
        elif kind.startswith(ItemKind.CHUNK):
            self._chunks.setdefault(key, set()).add(kind)
            if old and old["data"] != new["data"]:
                yield f"{kind} of {key} was overwritten"

    # --- requests -------------------------------------------------------------------------------

    def _request_faults(self, key: str, old: Item, new: Item) -> Iterator[str]:
        self.requests[key] = new
        if old:
            yield from _change_faults(old, new)
        elif new["state"] != "QUEUED":
            yield f"{new['request_id']} began as {new['state']}"
        yield from self._place_faults(key, old, new)
        for index in range(new.get("chunks", 0)):
            if f"chunk#{new['attempt']:03d}#{index:010d}" not in self._chunks.get(key, ()):
                yield f"{new['request_id']} counts chunk {index}, which is not there"
        if new["state"] == "SUCCEEDED" and new.get("result_bytes") is not None:
            yield from self._object_faults(key, new)
        self._note_lease(key, new)

    def _place_faults(self, key: str, old: Item, new: Item) -> Iterator[str]:
        for limit in new.get("slots", ()):
            places = self._open.setdefault(limit, set())
            if new["state"] in ENDED:
                places.discard(key)
            elif not old:
                places.add(key)
                if len(places) > PLACES:
                    yield f"{len(places)} requests are open under a limit of {PLACES}"

    def _object_faults(self, key: str, new: Item) -> Iterator[str]:
        path = f"/bucket/requests/{key}/result-{new['attempt']}.json"
        if path not in self._objects():
            yield f"{new['request_id']} succeeded before its result was there"

    def _note_lease(self, key: str, new: Item) -> None:
        """Note by when somebody must have gone on with a request; `overdue` tells who has not."""
        running = new["state"] in {"RUNNING", "CANCELLING"} and "lease_until" in new
        if running and "executor" not in new:
            self._lost_at[key] = new["lease_until"]
        else:
            self._lost_at.pop(key, None)

    def overdue(self, patience: int) -> Iterator[str]:
        """Tell of attempts whose worker is gone for longer than `patience` milliseconds."""
        for key, lost_at in self._lost_at.items():
            if self._scheduler.now - lost_at > patience:
                name, at = self.requests[key]["request_id"], lost_at - START
                yield f"{name} was lost at {at} and is not started over"

    # --- limits ---------------------------------------------------------------------------------

    def _limit_faults(self, limit: str, old: Item, new: Item) -> Iterator[str]:
        self.limits[limit] = new
        if "tat" in new and old.get("tat") != new["tat"]:
            self.takings[limit] = self.takings.get(limit, 0) + 1
        took = self._took.setdefault(limit, set())
        for key in set(new.get("slots", ())) - set(old.get("slots", ())):
            if key in took:
                yield f"{key} took two places"
            if key not in self.requests:
                yield f"{key} took a place and was not accepted"
            took.add(key)
        for key in set(old.get("slots", ())) - set(new.get("slots", ())):
            if self.requests[key]["state"] not in ENDED:
                yield f"{key} lost its place while it was open"


def _change_faults(old: Item, new: Item) -> Iterator[str]:
    name, durable = new["request_id"], "executor" in new
    was, now = old["state"], new["state"]
    legal = LEGAL | LEGAL_IF_DURABLE if durable else LEGAL
    if was != now and (was, now) not in legal:
        yield f"{name} went from {was} to {now}"
    parts = ("state", "seq", "result", "result_bytes", "error", "chunks", "attempt")
    if was in ENDED and any(old.get(part) != new.get(part) for part in parts):
        yield f"{name} changed after its end"
    if new["attempt"] - old["attempt"] != int(now == "RETRY_WAIT" and was != now):
        yield f"{name} went from attempt {old['attempt']} to {new['attempt']} as {now}"
    if was == now == "RUNNING" and old["worker"] != new["worker"]:
        yield f"{name} changed hands within an attempt"
    yield from _number_faults(name, old, new)
    if "notified_at" in old and old["notified_at"] != new.get("notified_at"):
        yield f"{name} was notified twice"


def _number_faults(name: str, old: Item, new: Item) -> Iterator[str]:
    chunks = new.get("chunks", 0) - old.get("chunks", 0)
    most = CHUNKS_AT_ONCE if "tick" in new and old.get("tick") != new["tick"] else 2
    if not 0 <= new["seq"] - old["seq"] <= most:
        yield f"{name} went from seq {old['seq']} to {new['seq']}"
    if old["attempt"] == new["attempt"] and not 0 <= chunks <= new["seq"] - old["seq"]:
        yield f"{name} went from {old.get('chunks', 0)} chunks to {new.get('chunks', 0)}"
    if old["attempt"] != new["attempt"] and new.get("chunks", 0):
        yield f"{name} begins an attempt with {new['chunks']} chunks"
    before, after = _progress(old), _progress(new)
    if before["attempt"] == after["attempt"]:
        reached, told = before["percentage"] or 0, after["percentage"] or 0
        if reached > told:
            yield f"{name} went back from {reached} % to {told} %"


def _progress(item: Item) -> Mapping[str, Any]:
    return decode(item["progress"]) if "progress" in item else {"percentage": 0, "attempt": 0}
