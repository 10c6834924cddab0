"""What may go wrong, how often; and AWS as seen through it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from cdk_streamer_runtime.aws import NO_HEADERS, Part
from cdk_streamer_runtime.errors import Throttled, Unreachable
from cdk_streamer_runtime.memory import MemoryAws
from tests.runtime.simulation.scheduler import Group, Scheduler

ATTEMPTS = 3  # as the signed client repeats a call
GIVE_UP = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Probabilities, each of one step, delivery or message."""

    request_lost: float = 0.0
    response_lost: float = 0.0
    lands_late: float = 0.0  # up to two minutes after the caller gave up
    throttled: float = 0.0
    crash: float = 0.0
    freeze: float = 0.0  # longer than a lease, then it goes on: a zombie
    slow: float = 0.0  # a step of seconds instead of milliseconds
    duplicate: float = 0.0  # of a stream batch or a queue message
    reorder: float = 0.0
    work_lost: float = 0.0  # received too often, and so among the dead letters
    post_lost: float = 0.0  # accepted, and never seen again
    disconnect: float = 0.0
    leave: float = 0.0  # a client that never comes back
    crash_in_handler: float = 0.0
    partly_sent: float = 0.0  # an entry of a batch that SQS did not take
    slow_messages: float = 0.0  # of the message function alone
    fetch_failed: float = 0.0  # of an object, by the client
    webhook_refused: float = 0.0  # by its receiver, in any way
    skew: float = 0.0  # seconds by which a function's clock is wrong

    def scaled(self, random: random.Random) -> Faults:
        """Draw how hard each fault is this time."""
        factors = {each.name: random.choice((0, 0.3, 1)) for each in fields(self)}
        values = {name: getattr(self, name) * factor for name, factor in factors.items()}
        return replace(self, **values)


CALM = Faults()
HARD = Faults(
    request_lost=0.05,
    response_lost=0.05,
    lands_late=0.08,
    throttled=0.05,
    crash=0.02,
    freeze=0.02,
    slow=0.03,
    duplicate=0.15,
    reorder=0.2,
    work_lost=0.1,
    post_lost=0.15,
    disconnect=0.05,
    leave=0.1,
    crash_in_handler=0.05,
    partly_sent=0.2,
    fetch_failed=0.3,
    webhook_refused=0.4,
    skew=2.0,
)


class FaultyAws:
    """An `aws.Aws` whose every call takes time and may fail in every way a network can."""

    def __init__(
        self,
        memory: MemoryAws,
        scheduler: Scheduler,
        faults: Faults,
        group: Group,
        stirred: Callable[[str, str], None],
    ) -> None:
        """Take the world; `stirred` hears of each operation that took place."""
        self._memory = memory
        self._stirred = stirred
        self._scheduler = scheduler
        self._faults = faults
        self._group = group

    def call(
        self, service: str, operation: str, parameters: Mapping[str, object]
    ) -> dict[str, Any]:
        def effect() -> dict[str, Any]:
            if operation == "SendMessageBatch":
                answer = self._send_partly(parameters)
            else:
                answer = self._memory.call(service, operation, parameters)
            self._stirred(service, operation)
            return answer

        return self._try(operation, effect)

    def rest(
        self,
        service: str,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        def effect() -> bytes:
            answer = self._memory.rest(service, method, url, body=body, headers=headers or {})
            self._stirred(service, method)
            return answer

        return self._try(method, effect, attempts=1 if service == "execute-api" else ATTEMPTS)

    def presign(
        self, method: str, path: str, *, seconds: int, headers: Mapping[str, str] = NO_HEADERS
    ) -> str:
        return self._memory.presign(method, path, seconds=seconds, headers=headers)

    def read_object(self, path: str, start: int, end: int, *, tag: str | None = None) -> Part:
        return self._try("GET", lambda: self._memory.read_object(path, start, end, tag=tag))

    def _send_partly(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Send a batch, of which SQS may refuse entries for reasons of its own."""
        random, entries = self._scheduler.random, list(parameters["Entries"])
        taken = [entry for entry in entries if random.random() >= self._faults.partly_sent]
        refused = [{"Id": entry["Id"]} for entry in entries if entry not in taken]
        answer: dict[str, Any] = {}
        if taken:
            answer = self._memory.call("sqs", "SendMessageBatch", {**parameters, "Entries": taken})
        return answer | ({"Failed": refused} if refused else {})

    def _try(self, operation: str, effect: Any, attempts: int = ATTEMPTS) -> Any:
        for attempt in range(attempts):
            if attempt:
                self.wait(200)
            try:
                return self._once(operation, effect)
            except Unreachable:
                if attempt == attempts - 1:
                    raise
        raise AssertionError(operation)

    def _once(self, operation: str, effect: Any) -> Any:
        faults, random = self._faults, self._scheduler.random
        self.wait(random.randint(1, 8))
        if random.random() < faults.throttled:
            raise Throttled("ThrottlingException", "", 400, operation)
        if random.random() < faults.lands_late:
            self._land_late(operation, effect)
        if random.random() < faults.request_lost:
            self.wait(GIVE_UP)
            raise Unreachable("Timeout", "", 0, operation)
        result = effect()
        if random.random() < faults.response_lost:
            self.wait(GIVE_UP)
            raise Unreachable("Timeout", "", 0, operation)
        self.wait(random.randint(1, 8))
        return result

    def _land_late(self, operation: str, effect: Any) -> None:
        """Let the call arrive after its caller, or its caller's whole process, is gone."""
        scheduler = self._scheduler
        delay = scheduler.random.choice((500, 5_000, 30_000, 120_000))

        def land() -> None:
            try:
                effect()
            except Exception as error:  # noqa: BLE001 - nobody is there to hear of it
                scheduler.note(f"late {operation} refused: {type(error).__name__}")
            else:
                scheduler.note(f"late {operation} landed")

        scheduler.spawn(Group("late call"), land, delay)
        self.wait(GIVE_UP)
        raise Unreachable("Timeout", "", 0, operation)

    def wait(self, milliseconds: int) -> None:
        """Pass time; here a process may die, freeze or stall."""
        scheduler, faults = self._scheduler, self._faults
        random = scheduler.random
        if random.random() < faults.crash:
            scheduler.note(f"{self._group.name} crashes")
            scheduler.kill(self._group)
            scheduler.suspend(None)
        if random.random() < faults.freeze:
            scheduler.note(f"{self._group.name} freezes")
            self._group.frozen_until = scheduler.now + random.randint(15_000, 120_000)
        if random.random() < faults.slow:
            milliseconds += random.randint(500, 8_000)
        scheduler.sleep(milliseconds)
