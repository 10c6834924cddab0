"""What a history says: operations of an execution, and chunks of a batch."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast

_EVENT = re.compile(
    r"(?P<kind>[A-Z]\w*?)(?P<what>Started|Succeeded|Failed|TimedOut|Stopped|Cancelled)"
)
_CHUNK = re.compile(r"chunk-(?P<number>\d+)(?:-(?P<rest>.+))?")
_PAGE = re.compile(r"discover-\d+(-again-\d+)?")
_LONG = 20_000  # of what an operation recorded, so much is shown


class State(StrEnum):
    """Where an operation or a chunk stands."""

    RUNNING = "running"
    WAITING = "waiting"  # for its next attempt, or its turn
    SUCCEEDED = "succeeded"
    FAILED = "failed"


_ENDED = frozenset({State.SUCCEEDED, State.FAILED})


@dataclass(slots=True, kw_only=True)
class Operation:
    """A step, a wait, a chained invocation or a context of an execution."""

    id: str
    name: str
    kind: str
    parent: str
    started: float
    ended: float | None = None
    state: State = State.RUNNING
    attempts: int = 0
    result: Any = None
    error: str = ""
    until: float | None = None


@dataclass(slots=True, kw_only=True)
class Chunk:
    """Some items of a batch: what its steps did, by their operations' names."""

    number: int
    items: int
    state: State
    published: int = 0
    failed: int = 0
    attempts: int = 1
    steps: list[Operation] = field(default_factory=list[Operation])


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a batch is. `discovered` is None while it still discovers."""

    discovered: int | None
    pages: int
    chunks: int
    chunks_done: int
    published: int
    failed: int
    retried: int


def operations(events: Iterable[Mapping[str, Any]]) -> tuple[list[Operation], int]:
    """Give the operations in the order in which they began, and how many invocations there were."""
    found: dict[str, Operation] = {}
    invocations = 0
    for event in sorted(events, key=lambda each: each["EventId"]):
        if event["EventType"] == "InvocationCompleted":
            invocations += 1
        parts = _EVENT.fullmatch(event["EventType"])
        if parts is None or parts["kind"] == "Execution":
            continue
        _tell(found, event, parts["kind"], parts["what"])
    return list(found.values()), invocations


def chunks(done: Sequence[Operation], size: int, most: int) -> list[Chunk]:
    """Give the chunks that have begun, in order: of `size` items, with `most` attempts."""
    parents = {operation.id: operation for operation in done}
    ids = discovered(done)
    found: dict[int, Chunk] = {}
    for operation in done:
        number = _number(operation, parents)
        if number is None:
            continue
        items = min(size, max((ids or 0) - (number - 1) * size, 0)) if ids is not None else size
        chunk = found.setdefault(number, Chunk(number=number, items=items, state=State.RUNNING))
        chunk.steps.append(operation)
    return [_settled(chunk, most) for _, chunk in sorted(found.items())]


def discovered(done: Sequence[Operation]) -> int | None:
    """Give how many items there are; None as long as pages come."""
    ids: set[str] = set()
    for operation in done:
        page = _inner(operation.result) if _PAGE.fullmatch(operation.name) else None
        if not isinstance(page, dict):
            continue
        told = cast("Mapping[str, Any]", page)
        ids |= set(told.get("ids") or ())
        if told.get("next") is None and "ids" in told:
            return len(ids)
    return None


def progress(done: Sequence[Operation], size: int, most: int) -> Progress:
    """Tell how far a batch of chunks of this size is."""
    of_it = chunks(done, size, most)
    items = discovered(done)
    return Progress(
        discovered=items,
        pages=sum(bool(_PAGE.fullmatch(operation.name)) for operation in done),
        chunks=-(-items // size) if items is not None else 0,
        chunks_done=sum(chunk.state in _ENDED for chunk in of_it),
        published=sum(chunk.published for chunk in of_it),
        failed=sum(chunk.failed for chunk in of_it),
        retried=sum(chunk.attempts > 1 for chunk in of_it),
    )


# --- operations ----------------------------------------------------------------------------------


def _tell(found: dict[str, Operation], event: Mapping[str, Any], kind: str, what: str) -> None:
    operation = found.get(event["Id"])
    at = float(event["EventTimestamp"])
    if operation is None:
        operation = found[event["Id"]] = Operation(
            id=event["Id"],
            name=event.get("Name") or kind,
            kind=event.get("SubType") or kind,
            parent=event.get("ParentId") or "",
            started=at,
        )
    details: Mapping[str, Any] = event.get(f"{event['EventType']}Details") or {}
    match what:
        case "Started":
            operation.attempts += 1
            operation.state, operation.ended = State.RUNNING, None
            operation.until = _moment(details.get("ScheduledEndTimestamp"))
        case "Succeeded":
            operation.state, operation.ended = State.SUCCEEDED, at
            operation.result = _payload(details.get("Result"))
        case _:
            operation.state, operation.ended = State.FAILED, at
            operation.error = _error(details.get("Error")) or what.lower()


def _payload(told: object) -> Any:  # noqa: ANN401 - any JSON
    text = cast("Mapping[str, Any]", told).get("Payload") if isinstance(told, dict) else None
    if not isinstance(text, str):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text[:_LONG]


def _error(told: object) -> str:
    payload: Any = (
        cast("Mapping[str, Any]", told).get("Payload") if isinstance(told, dict) else None
    )
    if not isinstance(payload, dict):
        return ""
    error = cast("Mapping[str, Any]", payload)
    words = (error.get("ErrorType"), error.get("ErrorMessage"))
    return ": ".join(str(word) for word in words if word)


def _moment(told: object) -> float | None:
    return float(told) if isinstance(told, int | float) else None


# --- chunks --------------------------------------------------------------------------------------


def _number(operation: Operation, parents: Mapping[str, Operation]) -> int | None:
    """Give the chunk that an operation is of, by its name or that of what it is in."""
    at: Operation | None = operation
    while at is not None:
        if found := _CHUNK.fullmatch(at.name):
            return int(found["number"])
        at = parents.get(at.parent)
    return None


def _settled(chunk: Chunk, most: int) -> Chunk:
    """Add up what the steps of a chunk did, of which there are `most` attempts."""
    chunk.attempts = max((_attempt(step.name) for step in chunk.steps), default=1)
    for step in chunk.steps:
        part = _inner(step.result)
        if isinstance(part, dict) and not _asks(step):
            told = cast("Mapping[str, Any]", part)
            chunk.published += int(told.get("published") or 0)
            chunk.failed += len(told.get("failed") or ())
    answers = [step for step in chunk.steps if _asks(step) and step.state in _ENDED]
    if answers:
        # A function says whom it rejects; these are what it is asked for the next time.
        left = _rejected(answers[-1], chunk.items - chunk.failed)
        chunk.published += chunk.items - chunk.failed - left
        chunk.failed += left if len(answers) >= most else 0
    chunk.state = _state(chunk)
    return chunk


def _asks(step: Operation) -> bool:
    """Tell whether a step is a chained invocation: there a function is the target."""
    return step.kind.startswith("Chained")


def _rejected(step: Operation, items: int) -> int:
    if step.state is State.FAILED:
        return items
    match _inner(step.result):
        case {"failed": [*failed]} | [*failed]:
            return len(failed)
        case None:
            return 0
        case _:
            return items


def _attempt(name: str) -> int:
    found = _CHUNK.fullmatch(name)
    rest = (found["rest"] if found else None) or ""
    return int(rest) if rest.isdecimal() else 1


def _state(chunk: Chunk) -> State:
    last = chunk.steps[-1]
    if last.state is State.RUNNING:
        return State.WAITING if last.kind == "Wait" else State.RUNNING
    if chunk.items and chunk.published + chunk.failed >= chunk.items:
        return State.FAILED if chunk.failed else State.SUCCEEDED
    if last.state is State.FAILED:
        return State.FAILED
    return State.WAITING


def _inner(result: object) -> Any:  # noqa: ANN401 - any JSON
    """Take a step's value out of what our steps wrap it in."""
    told: Any = result
    while isinstance(told, dict) and set(cast("dict[str, Any]", told)) == {"value"}:
        told = cast("dict[str, Any]", told)["value"]
    return cast("Any", told)
