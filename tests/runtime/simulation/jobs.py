"""What the simulated app does, and the outside system that it changes."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from cdk_streamer_runtime import AsyncApp, InputTimeout, Limit, Progress, RequestContext, Retry
from tests.runtime.simulation.faults import Faults
from tests.runtime.simulation.scheduler import Scheduler

MAX_ATTEMPTS = 6
SLOW_TIMEOUT = 20
PATIENCE = 3_000  # seconds that an attempt may wait for somebody
PLACES = 3
LARGE = 110_000
FAT = 30_000
COLORS = ("red", "green", "blue")


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
    """The app under test, how often its handlers ran, and what they put out and were told."""

    scheduler: Scheduler
    faults: Faults
    limited: bool = False
    expires: int = 3_600
    sink: Sink = field(default_factory=Sink)
    executions: dict[str, int] = field(default_factory=dict)
    attempts: dict[str, set[int]] = field(default_factory=dict)
    chunks: dict[tuple[str, int], int] = field(default_factory=dict)  # of whole attempts
    recorded: dict[tuple[str, int, str], int] = field(default_factory=dict)
    answers: dict[tuple[str, str], str | None] = field(default_factory=dict)
    heard_at: dict[tuple[str, str], int] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)
    steps: int = 0

    def app(self) -> AsyncApp:
        """Register the actions: one that works, one that needs luck, one that never works."""
        limits = [Limit(per="tenant", in_flight=PLACES), Limit(rate=0.2, burst=3)]
        app = AsyncApp(limits=limits if self.limited else ())
        crashes = Retry(max_attempts=MAX_ATTEMPTS, on=())
        unlucky = Retry(max_attempts=MAX_ATTEMPTS, delay=2, max_delay=20, on=(Unlucky,))
        expires = self.expires

        @app.action("steady", mode="async", retry=crashes, expires=expires)
        def steady(payload: dict, progress: Progress, context: RequestContext) -> dict:
            return self._work(progress, context)

        @app.action("flaky", mode="async", retry=unlucky, expires=expires)
        def flaky(payload: dict, progress: Progress, context: RequestContext) -> dict:
            result = self._work(progress, context, apply=context.attempt > 2)
            if context.attempt <= 2:
                raise Unlucky
            return result

        @app.action("broken", mode="async", retry=crashes, expires=expires)
        def broken(payload: dict, progress: Progress, context: RequestContext) -> dict:
            self._work(progress, context, apply=False)
            raise ValueError("a secret that no client may read")

        @app.action("endless", mode="async", timeout=SLOW_TIMEOUT, retry=crashes, expires=expires)
        def endless(payload: dict, progress: Progress, context: RequestContext) -> dict:
            self._count(context)
            while True:
                progress.report(10, "still here")
                self._pass(1_000)

        self._register_durable(app, crashes, unlucky)
        return app

    def _register_durable(self, app: AsyncApp, crashes: Retry, unlucky: Retry) -> None:
        """One that needs an answer, one that can do without, one that fails once."""

        @app.action("asking", mode="async", executor="durable", timeout=PATIENCE, retry=crashes)
        def asking(payload: dict, progress: Progress, context: RequestContext) -> dict:
            return self._go(progress, context, asks=1 + len(context.request_id) % 2)

        @app.action("hasty", mode="async", executor="durable", timeout=PATIENCE, retry=crashes)
        def hasty(payload: dict, progress: Progress, context: RequestContext) -> dict:
            return self._go(progress, context, asks=1, timeout=10)

        @app.action("wavering", mode="async", executor="durable", timeout=PATIENCE, retry=unlucky)
        def wavering(payload: dict, progress: Progress, context: RequestContext) -> dict:
            result = self._go(progress, context, asks=0)
            if context.attempt == 1:
                raise Unlucky
            return result

    # --- the worker's handlers ------------------------------------------------------------------

    def _work(self, progress: Progress, context: RequestContext, *, apply: bool = True) -> dict:
        chance = self.scheduler.random
        self._count(context)
        self.sink.touch(context)
        talks = chance.random() < 0.5
        padding = chance.choice((0, 0, 0, FAT))
        told = 0
        steps = chance.randint(1, 12)
        for step in range(steps):
            # Deliberately not in order: it is the library that keeps percentages from going back.
            percentage = 100 * step / steps + chance.choice((0, 0, -20))
            progress.report(percentage, f"step {step}", current=step, total=steps)
            for _ in range(chance.choice((0, 1, 3)) if talks else 0):
                told = self._tell(progress, context, told, padding)
            self._pass(chance.choice((5, 50, 400, 2_000)))
        if apply:
            self.sink.apply(context)
        self.chunks[context.request_id, context.attempt] = told
        return self._result(context, large=chance.random() < 0.3)

    def _tell(
        self, progress: Progress, context: RequestContext, index: int, padding: int = 0
    ) -> int:
        progress.chunk({"attempt": context.attempt, "index": index, "padding": "x" * padding})
        return index + 1

    def _result(self, context: RequestContext, *, large: bool) -> dict[str, Any]:
        padding = {"padding": "x" * LARGE} if large else {}
        return {"request": context.request_id, "attempt": context.attempt, **padding}

    # --- the durable handlers -------------------------------------------------------------------

    def _go(
        self, progress: Progress, context: RequestContext, *, asks: int, timeout: int | None = None
    ) -> dict[str, Any]:
        # The same in every invocation, as it must be between steps.
        chance = random.Random(f"{context.request_id} {context.attempt}")
        self._count(context)
        told = 0
        answers: list[str | None] = []
        for place in range(2):
            progress.report(20 * place, f"part {place}")
            for _ in range(chance.choice((0, 1, 4))):
                told = self._tell(progress, context, told)
                self._pass(5)
            self._step(context, f"part {place}")
            if place < asks:
                answers.append(self._ask(progress, context, place + 1, timeout))
            context.sleep(chance.randint(1, 20))
            told = self._tell(progress, context, told)
            self._pass(50)
        progress.report(90)
        self.sink.apply(context)
        self.chunks[context.request_id, context.attempt] = told
        return {**self._result(context, large=chance.random() < 0.3), "answers": answers}

    def _step(self, context: RequestContext, name: str) -> None:
        """Do a step, and remember what was recorded of it: that never changes any more."""

        def do() -> int:
            self.steps += 1
            self._pass(20)
            return self.steps

        value = context.step(name, do)
        known = self.recorded.setdefault((context.request_id, context.attempt, name), value)
        if known != value:
            self.found.append(f"{context.request_id} replayed {name} as {value}, was {known}")

    def _ask(
        self, progress: Progress, context: RequestContext, number: int, timeout: int | None
    ) -> str | None:
        schema = {"type": "string", "enum": list(COLORS)}
        answer: str | None
        try:
            answer = progress.ask(schema, prompt="which?", timeout=timeout)
        except InputTimeout:
            answer = None
        question = context.request_id, f"{context.attempt}-{number}"
        self.heard_at.setdefault(question, self.scheduler.now)
        known = self.answers.setdefault(question, answer)
        if known != answer:
            self.found.append(f"{question} was answered by {answer}, was {known}")
        return answer

    # --- every handler --------------------------------------------------------------------------

    def _count(self, context: RequestContext) -> None:
        name = context.request_id
        self.executions[name] = self.executions.get(name, 0) + 1
        self.attempts.setdefault(name, set()).add(context.attempt)

    def _pass(self, milliseconds: int) -> None:
        scheduler, chance = self.scheduler, self.scheduler.random
        group = scheduler.running().group
        if chance.random() < self.faults.crash_in_handler:
            scheduler.note(f"{group.name} is killed in its handler")
            scheduler.kill(group)
            scheduler.suspend(None)
        if chance.random() < self.faults.freeze:
            scheduler.note(f"{group.name} freezes in its handler")
            group.frozen_until = scheduler.now + chance.randint(15_000, 120_000)
        scheduler.sleep(milliseconds)
