"""The terminal: what was done, what to copy, and what functions say."""

from __future__ import annotations

import functools
import threading
import time

from rich.console import Console
from rich.status import Status
from rich.text import Text

from cdk_streamer_local.display.lines import Line, read
from cdk_streamer_local.errors import LocalError
from cdk_streamer_local.events import (
    Deployed,
    Deploying,
    Disturbed,
    Event,
    Explained,
    Installing,
    Kept,
    Ready,
    Reloaded,
    Spoke,
    Synthesized,
    Unsettled,
    Warmed,
)
from cdk_streamer_local.functions.reports import ReportKind

_COLORS = ("cyan", "green", "magenta", "yellow", "blue", "bright_cyan", "bright_green")
_BROWSERS = "in a browser"  # which distrusts the certificate of the other address
_LEVELS = {"WARNING": "yellow", "ERROR": "bold red", "CRITICAL": "bold red", "DEBUG": "dim"}


class Screen:
    """Shows events as they come, from any thread."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._colors: dict[str, str] = {}
        self._status: Status | None = None
        self._shown = False

    def begin(self, app: str) -> None:
        """Name the app, and show that something happens."""
        self._console.print(Text.assemble(("cdk-streamer local", "bold"), "  ", (app, "dim")))
        self._busy("synthesizing")

    def __call__(self, event: Event) -> None:
        """Show one event."""
        with self._lock:
            self._show(event)

    def fail(self, fault: LocalError) -> None:
        """Show why it ends: cause, what another program said, remedy."""
        with self._lock:
            self._idle()
            if fault.detail:
                self._console.print(Text(fault.detail, "dim"))
            self._console.print(Text.assemble(("error ", "bold red"), fault.cause))
            self._console.print(Text.assemble(("      ", ""), fault.remedy))

    def end(self) -> None:
        """Show nothing more."""
        with self._lock:
            self._idle()

    @functools.singledispatchmethod
    def _show(self, event: Event) -> None:
        """Every event has a method below."""

    @_show.register
    def _(self, _: Installing) -> None:
        self._busy("installing the engine, which happens once")

    @_show.register
    def _(self, event: Synthesized) -> None:
        stacks = _count(event.stacks, "stack")
        self._done("synthesized", f"{stacks}, {_count(event.resources, 'resource')}", event.seconds)
        self._busy("deploying")

    @_show.register
    def _(self, event: Deploying) -> None:
        self._busy(f"deploying {event.stack}  {event.done}/{event.total}")

    @_show.register
    def _(self, event: Deployed) -> None:
        what = f"{event.stack}: {_count(event.resources, 'resource')}"
        self._done("deployed", f"{what}, {_count(event.assets, 'new asset')}", event.seconds)

    @_show.register
    def _(self, event: Ready) -> None:
        self._idle()
        if self._shown:  # after an edit nothing has moved
            return
        self._shown = True
        record = event.record
        apis = (*record.sockets, *record.http_apis, *record.rest_apis)
        rows = [
            row
            for api in apis
            for row in ((api.name, api.url), (_BROWSERS, api.plain_url))
            if row[1]
        ]
        rows += [
            (f"{stack}.{name}", value)
            for stack, outputs in record.outputs.items()
            for name, value in outputs.items()
        ]
        if record.console is not None:
            rows.append(("console", record.console))
        rows += [("engine", record.endpoint), ("certificates", record.ca_bundle)]
        width = max(len(name) for name, _ in rows)
        self._done("ready", "", event.seconds)
        self._console.print()
        for name, value in rows:
            row = Text.assemble("  ", (name.ljust(width), "bold"), "  ", value)
            self._console.print(row, soft_wrap=True)
        self._console.print()
        if record.audiences:
            self._hint("cdk-streamer token --sub alice", "a token for the socket")
            self._hint("cdk-streamer call ACTION '{...}'", "a request with one")
        if record.rest_apis:
            self._hint("cdk-streamer credentials", "a key to sign calls with")
        if not apis:
            self._hint("cdk-streamer credentials --action '*'", "a key for boto3 and the AWS CLI")
        self._hint("Ctrl-C", "ends everything")
        self._console.print()

    @_show.register
    def _(self, event: Warmed) -> None:
        self._done("warmed", _count(event.functions, "function"), event.seconds)

    @_show.register
    def _(self, event: Spoke) -> None:
        report = event.report
        match report.kind:
            case ReportKind.LINE:
                line = read(report.text)
                if line is not None:
                    self._log(event.function, report.time, _line(line))
            case ReportKind.FAILED | ReportKind.UNLOADABLE:
                self._log(event.function, report.time, Text(report.text.rstrip(), "red"))
            case ReportKind.END:
                taken = Text(f"{report.seconds * 1000:.0f} ms", "dim")
                self._log(event.function, report.time, taken)
            case _:
                pass

    @_show.register
    def _(self, event: Explained) -> None:
        self._console.print(Text.assemble(("  why  ", "bold yellow"), event.text))

    @_show.register
    def _(self, event: Reloaded) -> None:
        what = f"{', '.join(event.files)} in {_count(len(event.functions), 'function')}"
        self._done("reloaded", what, event.seconds)

    @_show.register
    def _(self, event: Kept) -> None:
        self._idle()
        if event.detail:
            self._console.print(Text(event.detail, "dim"))
        self._console.print(Text.assemble(("  kept  ", "bold yellow"), event.cause))
        self._console.print(Text(f"        {event.remedy}"))

    @_show.register
    def _(self, event: Unsettled) -> None:
        self._idle()
        troubles = Text(", ".join(event.troubles), "bold magenta")
        seed = Text(f"  --chaos-seed {event.seed} for the same again", "dim")
        self._console.print(Text.assemble(("! ", "magenta"), "chaos".ljust(12), troubles) + seed)
        self._busy("synthesizing")

    @_show.register
    def _(self, event: Disturbed) -> None:
        self._log(event.function, time.time(), Text(f"chaos {event.text}", "magenta"))

    def _done(self, what: str, how: str, seconds: float) -> None:
        self._idle()
        self._console.print(
            Text.assemble(
                ("✓ ", "green"), (what.ljust(12), "bold"), how, (f"  {seconds:.1f} s", "dim")
            )
        )

    def _hint(self, command: str, meaning: str) -> None:
        self._console.print(Text.assemble("  ", (command.ljust(37), "cyan"), (meaning, "dim")))

    def _busy(self, text: str) -> None:
        if self._status is None:
            self._status = self._console.status(text)
            self._status.start()
        else:
            self._status.update(text)

    def _idle(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _log(self, function: str, at: float, text: Text) -> None:
        color = self._colors.setdefault(function, _COLORS[len(self._colors) % len(_COLORS)])
        clock = time.strftime("%H:%M:%S", time.localtime(at))
        head = Text.assemble((clock, "dim"), " ", (function, color), " ")
        self._console.print(head + text, soft_wrap=True)


def _line(line: Line) -> Text:
    style = _LEVELS.get(line.level, "")
    text = Text.assemble((f"{line.level} " if line.level else "", style), line.message)
    for name, value in line.members.items():
        text.append(f" {name}={value}", "dim")
    if line.traceback:
        text.append(f"\n{line.traceback}", "red")
    return text


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
