"""What the simulated app does, and the outside system that it changes."""

from __future__ import annotations

from dataclasses import dataclass, field

from cdk_streamer_runtime import AsyncApp, Progress, RequestContext, Retry
from tests.runtime.simulation.faults import Faults
from tests.runtime.simulation.scheduler import Scheduler

MAX_ATTEMPTS = 6
SLOW_TIMEOUT = 20


class StaleToken(Exception):
    """The sink has seen a higher fencing token."""


class Unlucky(Exception):
    """What a flaky handler raises."""


@dataclass(slots=True)
class Sink:
    """Honors fencing tokens and idempotency keys, and remembers who really changed it."""

    highest: dict[str, int] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    writes: dict[str, list[int]] = field(default_factory=dict)  # request -> attempts, in order
    effects: dict[str, int] = field(default_factory=dict)

    def touch(self, context: RequestContext) -> None:
        """Write something that only the latest attempt may write."""
        key = context.idempotency_key
        if context.fencing_token < self.highest.get(key, 0):
            raise StaleToken
        self.highest[key] = context.fencing_token
        self.writes.setdefault(context.request_id, []).append(context.attempt)

    def apply(self, context: RequestContext) -> None:
        """Do the one thing that must not be done twice."""
        self.touch(context)
        if context.idempotency_key not in self.done:
            self.done.add(context.idempotency_key)
            self.effects[context.request_id] = self.effects.get(context.request_id, 0) + 1


@dataclass(slots=True)
class Jobs:
    """The app under test and how often its handlers ran."""

    scheduler: Scheduler
    faults: Faults
    sink: Sink = field(default_factory=Sink)
    executions: dict[str, int] = field(default_factory=dict)

    def app(self) -> AsyncApp:
        """Register the actions: one that works, one that needs luck, one that never works."""
        app = AsyncApp()
        crashes = Retry(max_attempts=MAX_ATTEMPTS, on=())
        unlucky = Retry(max_attempts=MAX_ATTEMPTS, delay=2, max_delay=20, on=(Unlucky,))

        @app.action("steady", mode="async", retry=crashes)
        def steady(payload: dict, progress: Progress, context: RequestContext) -> dict:
            return self._work(progress, context)

        @app.action("flaky", mode="async", retry=unlucky)
        def flaky(payload: dict, progress: Progress, context: RequestContext) -> dict:
            result = self._work(progress, context, apply=context.attempt > 2)
            if context.attempt <= 2:
                raise Unlucky
            return result

        @app.action("broken", mode="async", retry=crashes)
        def broken(payload: dict, progress: Progress, context: RequestContext) -> dict:
            self._work(progress, context, apply=False)
            raise ValueError("a secret that no client may read")

        @app.action("endless", mode="async", timeout=SLOW_TIMEOUT, retry=crashes)
        def endless(payload: dict, progress: Progress, context: RequestContext) -> dict:
            self.executions[context.request_id] = self.executions.get(context.request_id, 0) + 1
            while True:
                progress.report(10, "still here")
                self._pass(1_000)

        return app

    def _work(self, progress: Progress, context: RequestContext, *, apply: bool = True) -> dict:
        random = self.scheduler.random
        self.executions[context.request_id] = self.executions.get(context.request_id, 0) + 1
        self.sink.touch(context)
        steps = random.randint(1, 12)
        for step in range(steps):
            # Deliberately not in order: it is the library that keeps percentages from going back.
            percentage = 100 * step / steps + random.choice((0, 0, -20))
            progress.report(percentage, f"step {step}", current=step, total=steps)
            self._pass(random.choice((5, 50, 400, 2_000)))
        if apply:
            self.sink.apply(context)
        return {"request": context.request_id}

    def _pass(self, milliseconds: int) -> None:
        scheduler, random = self.scheduler, self.scheduler.random
        group = scheduler.running().group
        if random.random() < self.faults.crash_in_handler:
            scheduler.note(f"{group.name} is killed in its handler")
            group.dead = True
            scheduler.suspend(None)
        if random.random() < self.faults.freeze:
            scheduler.note(f"{group.name} freezes in its handler")
            group.frozen_until = scheduler.now + random.randint(15_000, 120_000)
        scheduler.sleep(milliseconds)
