"""Events of the command as entries of the journal."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping

from cdk_streamer_local.console.journal import EntryKind, Journal
from cdk_streamer_local.console.metrics import Metrics
from cdk_streamer_local.display.lines import read
from cdk_streamer_local.events import (
    Deployed,
    Disturbed,
    Event,
    Explained,
    Kept,
    Ready,
    Reloaded,
    Spoke,
    Synthesized,
    Unsettled,
    Warmed,
)
from cdk_streamer_local.functions.reports import Report, ReportKind


@functools.singledispatch
def tell(event: Event, journal: Journal, metrics: Metrics) -> None:
    """Put an event into the journal, and what it measures into the metrics."""


@tell.register
def _(event: Spoke, journal: Journal, metrics: Metrics) -> None:
    report = event.report
    match report.kind:
        case ReportKind.LINE:
            if not metrics.take(report.text, report.time):
                _say(event.function, report, journal)
        case ReportKind.FAILED | ReportKind.UNLOADABLE:
            _add(journal, EntryKind.FAILED, event.function, report, text=report.text.rstrip())
        case ReportKind.END:
            _add(journal, EntryKind.ENDED, event.function, report, seconds=report.seconds)
        case _:
            pass


@tell.register
def _(event: Explained, journal: Journal, metrics: Metrics) -> None:
    del metrics
    journal.add(EntryKind.EXPLAINED, time.time(), function=event.function, text=event.text)


@tell.register
def _(event: Disturbed, journal: Journal, metrics: Metrics) -> None:
    del metrics
    journal.add(EntryKind.CHAOS, time.time(), function=event.function, text=event.text)


@tell.register
def _(event: Kept, journal: Journal, metrics: Metrics) -> None:
    del metrics
    text = f"kept what ran: {event.cause}; {event.remedy}"
    journal.add(
        EntryKind.SYSTEM,
        time.time(),
        function="",
        text=text,
        level="ERROR",
        traceback=event.detail,
    )


@tell.register(Synthesized | Deployed | Ready | Warmed | Reloaded | Unsettled)
def _(event: Event, journal: Journal, metrics: Metrics) -> None:
    del metrics
    seconds: float | None = getattr(event, "seconds", None)
    journal.add(EntryKind.SYSTEM, time.time(), function="", text=_words(event), seconds=seconds)


def _words(event: Event) -> str:
    match event:
        case Synthesized():
            return f"synthesized {event.stacks} stacks, {event.resources} resources"
        case Deployed():
            return f"deployed {event.stack}: {event.resources} resources, {event.assets} new assets"
        case Warmed():
            unloadable = f"; not loadable: {', '.join(event.unloadable)}"
            return f"warmed {event.functions} functions{unloadable if event.unloadable else ''}"
        case Reloaded():
            return f"reloaded {', '.join(event.files)} in {', '.join(event.functions)}"
        case Unsettled():
            return f"chaos: {', '.join(event.troubles)}, seed {event.seed}"
        case _:
            return "ready"


def _say(function: str, report: Report, journal: Journal) -> None:
    line = read(report.text)
    if line is None:
        return
    members: Mapping[str, object] = line.members
    _add(
        journal,
        EntryKind.LINE,
        function,
        report,
        text=line.message,
        level=line.level,
        members=dict(members),
        traceback=line.traceback,
    )


def _add(
    journal: Journal, kind: EntryKind, function: str, report: Report, **members: object
) -> None:
    journal.add(
        kind,
        report.time,
        function=function,
        request=report.request or "",
        **{"text": "", **members},
    )
