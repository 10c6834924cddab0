"""One app, running here: what is started, in order, and ended again."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
import uuid
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from cdk_streamer_local.cloud.assembly import Assembly
from cdk_streamer_local.cloud.services import sdk_faults
from cdk_streamer_local.cloud.synthesis import App, Synthesizer
from cdk_streamer_local.console.console import Console
from cdk_streamer_local.console.running import Running
from cdk_streamer_local.errors import AlreadyRunning, EngineDied, LocalError
from cdk_streamer_local.events import (
    Disturbed,
    Event,
    Explained,
    Installing,
    Kept,
    Observer,
    Ready,
    Reloaded,
    Spoke,
    Synthesized,
    Unsettled,
    Warmed,
)
from cdk_streamer_local.extra import require_extra
from cdk_streamer_local.functions.diagnosis import Diagnosis
from cdk_streamer_local.functions.function import Function
from cdk_streamer_local.functions.harm import Harmer
from cdk_streamer_local.functions.reports import Report, ReportKind
from cdk_streamer_local.functions.warming import warm
from cdk_streamer_local.functions.workers import Workers
from cdk_streamer_local.gateway.process import AS_ON_AWS, Sockets
from cdk_streamer_local.host import Host
from cdk_streamer_local.pollers.chaos import CALM, Chaos
from cdk_streamer_local.record import KEYS_FOLDER, Record
from cdk_streamer_local.reload.code import check, update
from cdk_streamer_local.reload.follower import Follower
from cdk_streamer_local.reload.watch import Edit
from cdk_streamer_local.system import System
from cdk_streamer_local.tokens.keys import SigningKey, signing_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to run. Port 0 is a free one; `fresh` forgets what earlier runs left; `chaos` disturbs.

    `sockets` says how long connections may idle and live.

    Beside another run of the same app, `alone` refuses to start; otherwise this one keeps out of
    its way. With `console` a page shows it all, at `console_port` or where it was before.
    """

    port: int = 0
    sockets: Sockets = AS_ON_AWS
    iam: bool = True
    fresh: bool = False
    watch: bool = True
    alone: bool = True
    chaos: Chaos = CALM
    console: bool = False
    console_port: int | None = None


class Session:
    """Runs one app from `start` to `stop`; `observe` is told everything, on any thread."""

    def __init__(self, app: App, options: Options, observe: Observer) -> None:
        self.app = app if options.alone else app.apart(uuid.uuid4().hex[:8])
        self.workers = Workers()
        self.system = System()
        self._options = options
        self._observers: tuple[Observer, ...] = (observe,)
        self._console: Console | None = None
        self._synthesizer = Synthesizer(self.app)
        self._host: Host | None = None
        self._record: Record | None = None
        self._death: EngineDied | None = None
        self._ended = threading.Event()
        self._keys: Sequence[SigningKey] = ()
        self._follower: Follower | None = None
        self._diagnosis = Diagnosis((), ())
        self._harmer = Harmer(options.chaos, self._disturb)

    @property
    def host(self) -> Host:
        """Give what the app runs on, once it was started."""
        if self._host is None:
            raise RuntimeError("the session was not started; call start() first")
        return self._host

    def start(self) -> Record:
        """Bring the app up; raises LocalError, after which `stop` is still due."""
        require_extra()
        began = time.monotonic()
        state = self.app.state
        other = Record.read(state)
        if other is not None and self._options.alone:
            raise AlreadyRunning(
                f"this app runs already, at {other.endpoint} (process {other.pid})",
                remedy="use that one, or end it first",
            )
        if self._options.fresh:
            for folder in (state / "cdk.out", state / KEYS_FOLDER):
                shutil.rmtree(folder, ignore_errors=True)
        chaos = self._options.chaos
        if chaos.troubles:
            self._observe(Unsettled(troubles=sorted(chaos.troubles), seed=chaos.seed))
        if self._options.console:
            self._console = Console(self.app.folder.name, state, self._options.console_port)
            self._observers += (self._console.observe,)
        if self._options.watch:
            self._follower = Follower(self.app.folder)
        self._synthesizer.begin()  # first, as it takes longest
        self._host = Host.start(
            port=self._options.port,
            sockets=self._options.sockets,
            iam=self._options.iam,
            chaos=self._options.chaos,
            receive=self._receive,
            keys=lambda: self._keys,
            on_install=lambda: self._observe(Installing()),
        )
        self._host.engine.on_death(self._die)
        self._host.gateway.on_death(self._die)
        with self._explained():
            assembly = self._synthesize()
            self._host.wait_until_ready()
            return self._deploy(assembly, began)

    def run(self) -> None:
        """Follow edits until `stop`; raises EngineDied if the engine or the gateway ends before."""
        while not self._ended.is_set():
            edit = self._follower.next(self._ended) if self._follower else None
            if edit is not None:
                self._take(edit)
            else:
                self._ended.wait()
        if self._death is not None:
            raise self._death

    def stop(self) -> None:
        """End everything that was started; harmless when nothing was."""
        self._ended.set()
        self._synthesizer.kill()
        if self._console is not None:
            self._console.close()
        if self._host is not None:
            self._host.stop()
        if self._record is not None and Record.read(self.app.state) == self._record:
            Record.remove(self.app.state)
        if not self._options.alone:
            self.app.forget()

    def warm(self) -> None:
        """Start a worker for every function and tell which cannot be imported."""
        with self._explained():
            self._warm(self.system.functions)

    def _synthesize(self) -> Assembly:
        began = time.monotonic()
        assembly = self._synthesizer.run()
        self._observe(
            Synthesized(
                stacks=len(assembly.stacks),
                resources=sum(len(stack.resources) for stack in assembly.stacks),
                seconds=time.monotonic() - began,
            )
        )
        return assembly

    def _deploy(self, assembly: Assembly, began: float) -> Record:
        self.system = System.deploy(assembly, self.host, self._observe)
        self._diagnosis = Diagnosis(self.system.wired, self.system.stacks)
        if self._options.chaos.troubles:
            self._harmer.watch(self.system.timeouts)
        # Made now: an authorizer waits two seconds for them and no longer.
        self._keys = [
            signing_key(self.app.state / KEYS_FOLDER, algorithms)
            for algorithms in sorted({one.algorithms for one in self.system.audiences})
        ]
        if self._follower is not None:
            self._follower.expect(self.system.code)
        address = self._console.address if self._console else None
        record = self.system.record(self.host, console=address)
        if self._console is not None:
            running = Running(
                assembly=assembly,
                system=self.system,
                host=self.host,
                record=record,
                state=self.app.state,
            )
            self._console.show(running)
        if Record.read(self.app.state) in (None, self._record):
            record.write(self.app.state)
            self._record = record
        self._observe(Ready(record=record, seconds=time.monotonic() - began))
        return record

    def _take(self, edit: Edit) -> None:
        began = time.monotonic()
        try:
            with self._explained():
                functions = self._updated(edit, began)
        except LocalError as fault:
            if not self._ended.is_set():
                self._observe(Kept(cause=fault.cause, remedy=fault.remedy, detail=fault.detail))
            return
        self._observe(
            Reloaded(
                functions=[function.label for function in functions],
                files=sorted(file.name for file in edit.files),
                seconds=time.monotonic() - began,
            )
        )
        with self._explained():
            self._warm(functions)

    def _updated(self, edit: Edit, began: float) -> list[Function]:
        check(edit.files)
        if edit.needs_synthesis and self.app.command:
            self._deploy(self._synthesize(), began)
            return self.system.functions
        sources = self._follower.sources if self._follower else ()
        functions = update(self.system.functions, edit.sources, sources)
        self._diagnosis = Diagnosis(self.system.wired, self.system.stacks)
        return functions

    @contextlib.contextmanager
    def _explained(self) -> Generator[None]:
        """Turn what the SDK raises into what it means: the engine is gone, or refused."""
        try:
            yield
        except sdk_faults() as fault:
            if self._host is not None and self._host.engine.process.poll() is not None:
                raise self._host.engine.death() from None
            raise LocalError(
                f"the engine refused a call: {fault}",
                remedy="start again; if it repeats, report it",
            ) from fault

    def _warm(self, functions: Sequence[Function]) -> None:
        began = time.monotonic()
        unloadable = warm(functions)
        self._observe(
            Warmed(
                functions=len(functions),
                unloadable=[function.label for function in unloadable],
                seconds=time.monotonic() - began,
            )
        )

    def _receive(self, report: Report) -> None:
        self.workers.receive(report)
        if self._ended.is_set():
            return
        if report.kind is ReportKind.EXPOSED:
            self._harmer.receive(report)
            return
        label = self._label(report.function)
        if report.kind is ReportKind.POLLER:
            self._observe(Explained(function=label, text=f"{label} {report.text}"))
            return
        if report.kind is ReportKind.CHAOS:
            self._observe(Disturbed(function=label, text=report.text))
            return
        self._observe(Spoke(function=label, report=report))
        self._harmer.receive(report)
        text = self._diagnosis.explain(report)
        if text is not None:
            self._observe(Explained(function=label, text=text))

    def _observe(self, event: Event) -> None:
        for observe in self._observers:
            observe(event)

    def _disturb(self, function: str, text: str) -> None:
        self._observe(Disturbed(function=self._label(function), text=text))

    def _label(self, name: str) -> str:
        labels = {function.name: function.label for function in self.system.functions}
        return labels.get(name, name)

    def _die(self, death: EngineDied) -> None:
        self._death = death
        self._ended.set()
