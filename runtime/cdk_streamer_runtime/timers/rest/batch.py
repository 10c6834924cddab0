"""Reads the body of a batch: entries for several timers, and what is wrong with any of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from cdk_streamer_runtime.contract.timers import TIMER_BATCH
from cdk_streamer_runtime.timers.faults import Fault, InvalidTimer, TimerFaults
from cdk_streamer_runtime.timers.rest.body import Rules, id_rule, is_timer_id, read_timer
from cdk_streamer_runtime.timers.rest.changes import change
from cdk_streamer_runtime.timers.rest.members import Members
from cdk_streamer_runtime.timers.service.conditions import Conditions, tags
from cdk_streamer_runtime.timers.service.entries import Delete, Entry, Patch, Put

_VERBS = ("put", "patch", "delete")
_LONGEST_TAGS = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What was read: the entries, or by their index why they could not be.

    `below` is where in the body each of them has what is wanted.
    """

    entries: Sequence[Entry]
    errors: Mapping[int, TimerFaults]
    ids: Sequence[str | None]
    below: Mapping[int, str]


def read_batch(body: object, rules: Rules) -> Batch:
    """Read a batch; raises InvalidTimer for one whose entries cannot be told apart."""
    documents = _documents(body)
    entries: list[Entry] = []
    errors: dict[int, TimerFaults] = {}
    below: dict[int, str] = {}
    for index, document in enumerate(documents):
        members = Members(document, [], ("id", *_VERBS, "if_match", "if_none_match"), pointer="")
        verb = _verb(members)
        below[index] = f"/entries/{index}"
        try:
            entries.append(_entry(members, verb, rules))
        except TimerFaults as error:
            errors[index] = error
        else:
            below[index] += f"/{verb}"
    ids = [_id(document) for document in documents]
    return Batch(entries=entries, errors=errors, ids=ids, below=below)


def _documents(body: object) -> list[Any]:
    faults: list[Fault] = []
    members = Members(body, faults, ["entries"])
    value = members.get("entries")
    entries = cast("list[Any]", value) if isinstance(value, list) else []
    if members.is_object and not 1 <= len(entries) <= TIMER_BATCH:
        members.fault("entries", f"must be a list of 1 to {TIMER_BATCH}, got {len(entries)}")
    seen: set[str] = set()
    for index, entry in enumerate(entries[:TIMER_BATCH]):
        id = _id(entry)
        if id is not None and id in seen:
            faults.append(Fault(pointer=f"/entries/{index}/id", detail="is there twice"))
        seen |= {id} if id is not None else set()
    if faults:
        raise InvalidTimer(faults)
    return entries


def _id(entry: object) -> str | None:
    id = cast("dict[str, Any]", entry).get("id") if isinstance(entry, dict) else None
    return id if is_timer_id(id) else None


def _verb(members: Members) -> str | None:
    verbs = [verb for verb in _VERBS if verb in members]
    if len(verbs) == 1:
        return verbs[0]
    if members.is_object:
        got = " and ".join(verbs) or "none"
        members.fault(None, f"must have exactly one of put, patch and delete, got {got}")
    return None


def _entry(members: Members, verb: str | None, rules: Rules) -> Entry:
    """Read an entry; raises InvalidTimer with all its faults, and TooLarge."""
    if not members.is_object:
        raise InvalidTimer(members.faults)
    id = members.get("id")
    if not is_timer_id(id):
        members.fault("id", id_rule(id))
    conditions = Conditions(
        if_match=members.parsed("if_match", _LONGEST_TAGS, tags),
        if_none_match=members.parsed("if_none_match", _LONGEST_TAGS, tags),
    )
    if verb == "delete" and members.get(verb) is not True:
        members.fault(verb, "must be true")
    if verb == "put":
        return _put(members, str(id), conditions, rules)
    if members.faults:
        raise InvalidTimer(members.faults)
    if verb == "patch":
        return Patch(id=str(id), change=change(members.get(verb), rules), conditions=conditions)
    return Delete(id=str(id), conditions=conditions)


def _put(members: Members, id: str, conditions: Conditions, rules: Rules) -> Put:
    try:
        definition = read_timer(id, members.get("put"), rules)
    except TimerFaults as error:
        inner = [
            Fault(pointer=f"/put{fault.pointer}", detail=fault.detail) for fault in error.faults
        ]
        # Of its own kind when that is all: data that are too large are a 413.
        kind = InvalidTimer if members.faults else type(error)
        raise kind([*members.faults, *inner]) from None
    if members.faults:
        raise InvalidTimer(members.faults)
    return Put(definition=definition, conditions=conditions)
