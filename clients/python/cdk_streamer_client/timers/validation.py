"""Finds before anything is sent what the service would refuse, by the service's own code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cdk_streamer_client.timers.entries import BatchEntry, PutTimer
from cdk_streamer_client.timers.errors import InvalidTimer
from cdk_streamer_client.wire import dump
from cdk_streamer_runtime.timers.definition import Definition
from cdk_streamer_runtime.timers.faults import Fault, TimerFaults
from cdk_streamer_runtime.timers.rest.body import Rules, id_rule, is_timer_id, read_timer

# How far a service looks ahead, and so the longest jitter, only the service knows.
_RULES = Rules(look_ahead=0)
_TITLE = "no such timer can be"


def check_id(id: str) -> str:
    """Give an id that can stand in a path; raises InvalidTimer."""
    if fault := _id_fault(id):
        raise InvalidTimer(_TITLE, status=400, faults=[fault])
    return id


def definition_of(entry: PutTimer) -> Definition:
    """Give what the service would make of it; raises InvalidTimer with all that is wrong."""
    check_id(entry.id)
    document = entry.document()
    try:
        return read_timer(entry.id, document, _RULES)
    except TimerFaults as error:
        raise InvalidTimer(_TITLE, status=422, faults=error.faults) from error
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidTimer(_TITLE, status=422, faults=[_no_json(error)]) from error


def check_entries(entries: Iterable[BatchEntry]) -> None:
    """Raise InvalidTimer with all faults of a batch, before any of it is done."""
    faults: list[Fault] = []
    for number, entry in enumerate(entries):
        at = f"/entries/{number}"
        if fault := _id_fault(entry.id):
            faults.append(replace(fault, pointer=f"{at}/id", parameter=None))
        elif isinstance(entry, PutTimer):
            faults += [replace(each, pointer=f"{at}/put{each.pointer}") for each in _faults(entry)]
    if faults:
        raise InvalidTimer(_TITLE, status=422, faults=faults)


def encoded(document: Mapping[str, Any]) -> bytes:
    """Write a body; raises InvalidTimer for data that are no JSON."""
    try:
        return dump(dict(document)).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidTimer(_TITLE, status=422, faults=[_no_json(error)]) from error


def _faults(entry: PutTimer) -> Sequence[Fault]:
    try:
        definition_of(entry)
    except InvalidTimer as error:
        return error.faults
    return ()


def _no_json(error: Exception) -> Fault:
    return Fault(pointer="/data", detail=f"must be JSON: {error}")


def _id_fault(id: str) -> Fault | None:
    if is_timer_id(id):
        return None
    return Fault(parameter="id", detail=id_rule(id))
