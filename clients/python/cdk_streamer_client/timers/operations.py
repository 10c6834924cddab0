"""What `cdk-streamer timers` does with a service: one function a verb, each gives documents."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from cdk_streamer_client.arguments import Misused, json_of
from cdk_streamer_client.timers.client import TimerClient
from cdk_streamer_client.timers.entries import PutTimer
from cdk_streamer_client.timers.moments import text_of
from cdk_streamer_client.timers.timer import Timer, TimerSummary
from cdk_streamer_client.timers.words import (
    add_schedule_arguments,
    bounds_of,
    misfire_of,
    schedule_of,
    whole,
)
from cdk_streamer_runtime.contract.timers import TimerState
from cdk_streamer_runtime.timers.definition import Policy

Document = dict[str, Any]
Operation = Callable[[TimerClient, argparse.Namespace], Iterable[Document]]


def add_list_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `list_timers` reads."""
    parser.add_argument("--owner", metavar="NAME", help="only those with this label")
    parser.add_argument("--state", choices=[state.value for state in TimerState])
    parser.add_argument("--limit", type=int, metavar="COUNT", help="default: all")


def add_put_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `put_timer` reads."""
    add_id_argument(parser)
    add_schedule_arguments(parser)
    parser.add_argument("--data", metavar="JSON", help="or @FILE that has it, or - for stdin")
    parser.add_argument(
        "--misfire", choices=[policy.value for policy in Policy], help="what becomes of late ones"
    )
    parser.add_argument("--grace", type=int, metavar="SECONDS", help="what is not late yet")
    parser.add_argument("--owner", metavar="NAME", help="a label to list by")
    parser.add_argument("--paused", action="store_true", help="do not fire until it is resumed")
    parser.add_argument("--create-only", action="store_true", help="fail when there is one already")
    add_etag_argument(parser)


def add_change_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `pause_timer`, `resume_timer` and `delete_timer` read."""
    add_id_argument(parser)
    add_etag_argument(parser)


def add_occurrences_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `occurrences` reads."""
    add_id_argument(parser)
    parser.add_argument("-n", type=int, default=10, metavar="COUNT", help="default: 10")
    parser.add_argument("--from", dest="begin", metavar="MOMENT", help="default: now")


def add_id_argument(parser: argparse.ArgumentParser) -> None:
    """Add the timer's id."""
    parser.add_argument("id", metavar="ID", help="the timer's id")


def add_etag_argument(parser: argparse.ArgumentParser) -> None:
    """Add the revision that may be changed."""
    parser.add_argument("--if-match", metavar="ETAG", help="fail when it was changed since")


def list_timers(client: TimerClient, arguments: argparse.Namespace) -> Iterator[Document]:
    """Give the timers."""
    timers = client.list(owner=arguments.owner, state=arguments.state)
    return map(summary_document, islice(timers, arguments.limit))


def get_timer(client: TimerClient, arguments: argparse.Namespace) -> Iterator[Document]:
    """Give a timer."""
    yield timer_document(client.get(arguments.id))


def put_timer(client: TimerClient, arguments: argparse.Namespace) -> Iterator[Document]:
    """Make a timer, and give it."""
    if arguments.create_only and arguments.if_match:
        raise Misused("give --create-only or --if-match, not both")
    entry = PutTimer(
        id=arguments.id,
        schedule=schedule_of(arguments),
        data=json_of(arguments.data, "--data"),
        misfire=misfire_of(arguments),
        owner=arguments.owner,
        paused=arguments.paused,
        if_match=arguments.if_match,
        create_only=arguments.create_only,
        **bounds_of(arguments),
    )
    yield timer_document(client.put_entry(entry))


def pause_timer(client: TimerClient, arguments: argparse.Namespace) -> Iterator[Document]:
    """Pause a timer, and give it."""
    yield timer_document(client.pause(arguments.id, if_match=arguments.if_match))


def resume_timer(client: TimerClient, arguments: argparse.Namespace) -> Iterator[Document]:
    """Resume a timer, and give it."""
    yield timer_document(client.resume(arguments.id, if_match=arguments.if_match))


def delete_timer(client: TimerClient, arguments: argparse.Namespace) -> Iterator[Document]:
    """Delete a timer."""
    client.delete(arguments.id, if_match=arguments.if_match)
    yield from ()


def occurrences(client: TimerClient, arguments: argparse.Namespace) -> Iterator[Document]:
    """Give when a timer fires, as the service says."""
    begin = None if arguments.begin is None else whole(arguments.begin, "--from")
    for moment in client.occurrences(arguments.id, n=arguments.n, start=begin):
        yield {"fire_at": text_of(moment, "fire_at")}


def summary_document(timer: TimerSummary | Timer) -> Document:
    """Give what a list has of a timer, in the words of the protocol."""
    moments = {name: getattr(timer, name) for name in ("start", "end", "next_fire_at")}
    return {
        "id": timer.id,
        "state": timer.state.value,
        "schedule": timer.schedule.document(),
        **({"owner": timer.owner} if timer.owner else {}),
        **{name: text_of(moment, name) for name, moment in moments.items() if moment is not None},
    }


def timer_document(timer: Timer) -> Document:
    """Give all of a timer, in the words of the protocol."""
    return {
        **summary_document(timer),
        **{name: value for name, value in entry_of(timer).document().items() if value is not None},
        "state": timer.state.value,
        "data": timer.data,
        "etag": timer.etag,
    }


def entry_of(timer: Timer) -> PutTimer:
    """Give what would make a timer the same again."""
    return PutTimer(
        id=timer.id,
        schedule=timer.schedule,
        data=timer.data,
        start=timer.start,
        end=timer.end,
        jitter=timer.jitter,
        misfire=timer.misfire,
        owner=timer.owner or None,
    )
