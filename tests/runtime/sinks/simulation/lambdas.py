"""Lambda: functions, the sandboxes that they run in, and what one invocation came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cdk_streamer_runtime.errors import StreamerError
from tests.runtime.simulation.platform import SimulatedPlatform
from tests.runtime.simulation.scheduler import Bell, Group, Scheduler
from tests.runtime.sinks.simulation.weather import Faults

Event = Mapping[str, Any]
Remaining = Callable[[], int]
Handler = Callable[[Event, Remaining], Any]
COLD_START = 150, 600


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What became of an invocation: an answer, or why there is none."""

    answer: Any = None
    error: str | None = None


@dataclass(eq=False, slots=True)
class Sandbox:
    """One process, which serves one invocation after the other; between them it stands still."""

    scheduler: Scheduler
    group: Group
    faults: Callable[[], Faults]
    thaw: Bell
    busy: bool = False
    handler: Handler | None = None
    is_probing: bool = False

    def wait(self, milliseconds: int) -> None:
        """Pass time; here a process may die, or stand still for a while."""
        scheduler, faults = self.scheduler, self.faults()
        random = scheduler.random
        if random.random() < faults.crash:
            self.die("crashes")
        if random.random() < faults.stall:
            milliseconds += random.choice((300, 2_000, 15_000))
            scheduler.note(f"{self.group.name} stalls")
        if random.random() < faults.slow:
            milliseconds += random.randint(500, 8_000)
        scheduler.sleep(milliseconds)
        while not self.busy:
            self.thaw.wait(None)

    def die(self, reason: str) -> None:
        """Let nothing of this process happen any more."""
        self.scheduler.note(f"{self.group.name} {reason}")
        self.scheduler.kill(self.group)
        self.scheduler.suspend(None)


class SandboxPlatform(SimulatedPlatform):
    """The machine of a sandbox."""

    def __init__(self, sandbox: Sandbox, skew: int) -> None:
        super().__init__(sandbox.scheduler, sandbox.group, skew)
        self._sandbox = sandbox

    def sleep(self, milliseconds: int) -> None:
        """Wait; the process may stand still meanwhile."""
        self._sandbox.wait(milliseconds)

    @contextmanager
    def watching(self, milliseconds: int, act: Callable[[], object]) -> Generator[None]:
        """Do something beside the block, if that still runs when the time is over."""
        done = False

        def watch() -> None:
            self._sandbox.wait(milliseconds)
            if not done:
                act()

        self._sandbox.scheduler.spawn(self._sandbox.group, watch)
        try:
            yield
        finally:
            done = True


@dataclass(eq=False, kw_only=True)
class Function:
    """A function: it has as many sandboxes as there are invocations at once."""

    name: str
    scheduler: Scheduler
    faults: Callable[[], Faults]
    timeout: int
    build: Callable[[Sandbox], Handler]
    found: list[str]
    reserved: int | None = None  # so many invocations at once, and others are refused
    on_death: list[Callable[[Sandbox], None]] = field(
        default_factory=list[Callable[[Sandbox], None]]
    )
    counts: Counter[str] = field(default_factory=Counter[str])
    _idle: list[Sandbox] = field(default_factory=list[Sandbox])
    _running: int = 0

    @property
    def arn(self) -> str:
        """Its address."""
        return f"arn:aws:lambda:eu-west-1:000000000000:function:{self.name}"

    @property
    def is_full(self) -> bool:
        """Tell whether another invocation would be refused."""
        return self.reserved is not None and self._running >= self.reserved

    def invoke(self, event: Event, *, probing: bool = False) -> Outcome:
        """Run one invocation to its end; the running task waits for it."""
        sandbox = self._idle.pop() if self._idle else self._start()
        self.counts["invocations"] += 1
        self._running += 1
        sandbox.group.ended, sandbox.is_probing, sandbox.busy = False, probing, True
        sandbox.thaw.ring()
        outcome = Outcome(error="crash")
        end = self.scheduler.now + self.timeout
        self.scheduler.spawn(sandbox.group, lambda: self._run(sandbox, event, end, outcome))
        self.scheduler.wait_for(sandbox.group, self.timeout)
        self._running -= 1
        if not sandbox.group.is_over:
            self.scheduler.note(f"{sandbox.group.name} times out")
            self.scheduler.kill(sandbox.group)
            outcome.error = "timeout"
            self.counts["timeouts"] += 1
        if sandbox.group.dead:
            for hear in self.on_death:
                hear(sandbox)
        else:
            sandbox.busy = False
            self._idle.append(sandbox)
        return outcome

    def retire(self) -> None:
        """Let every idle sandbox be gone: a deploy, or an hour without work."""
        for sandbox in self._idle:
            self.scheduler.kill(sandbox.group)
        self._idle.clear()

    def _start(self) -> Sandbox:
        self.counts["sandboxes"] += 1
        group = Group(f"{self.name}-{self.counts['sandboxes']}")
        sandbox = Sandbox(self.scheduler, group, self.faults, Bell(self.scheduler))
        self.scheduler.sleep(self.scheduler.random.randint(*COLD_START))
        sandbox.handler = self.build(sandbox)
        return sandbox

    def _run(self, sandbox: Sandbox, event: Event, end: int, outcome: Outcome) -> None:
        assert sandbox.handler is not None
        if self.scheduler.random.random() < self.faults().crash_in_handler:
            self.scheduler.spawn(
                sandbox.group,
                lambda: sandbox.die("crashes"),
                self.scheduler.random.randint(0, 3_000),
            )
        try:
            outcome.answer = sandbox.handler(event, lambda: end - self.scheduler.now)
            outcome.error = None
        except Exception as error:  # noqa: BLE001 - an invocation that fails is told, and repeated
            outcome.error = type(error).__name__
            text = f"{sandbox.group.name} fails: {type(error).__name__}: {error}"
            self.scheduler.note(text)
            if not isinstance(error, StreamerError):
                self.found.append(text)
        self.scheduler.end(sandbox.group)
