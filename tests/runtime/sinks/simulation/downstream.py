"""Whom a sink delivers to: how much it bears, when it is away, and what it refuses for ever."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from cdk_streamer_runtime.errors import DownstreamUnavailable, Permanent, Retryable
from tests.runtime.simulation.scheduler import Scheduler
from tests.runtime.sinks.simulation.lambdas import Sandbox

FOR_EVER = 24 * 3_600_000


class Sick(StrEnum):
    """What is wrong with a message, not with the downstream."""

    POISON = "poison"  # refused for ever, and told so
    BROKEN = "broken"  # the user's function raises, each time
    HANGS = "hangs"  # the downstream never answers to it


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which the downstream is as it is not otherwise."""

    start: int
    end: int

    def __contains__(self, moment: int) -> bool:
        return self.start <= moment < self.end


@dataclass(eq=False, slots=True, kw_only=True)
class Delivery:
    """One call of the user's function for one message; `taken` is when it was stored."""

    key: str
    group: str | None
    began: int
    sandbox: str
    probing: bool
    ended: int | None = None
    taken: int | None = None
    error: str | None = None


@dataclass(eq=False, kw_only=True)
class Downstream:
    """A database, say. Times are milliseconds.

    With more than `capacity` calls at once each takes longer, and above `most` it refuses.
    """

    scheduler: Scheduler
    latency: tuple[int, int] = (5, 40)
    capacity: int = 1_000
    most: int = 1_000
    weak_until: int = 0  # until then `capacity` and `most` hold
    away: tuple[Span, ...] = ()
    hanging: tuple[Span, ...] = ()
    failure: type[Exception] = DownstreamUnavailable
    sick: dict[str, Sick] = field(default_factory=dict[str, Sick])
    deliveries: list[Delivery] = field(default_factory=list[Delivery])
    asked: list[Delivery] = field(default_factory=list[Delivery])  # by the user's own probe
    stored: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    under_way: dict[str, list[Delivery]] = field(default_factory=dict[str, list[Delivery]])

    def is_well(self, now: int) -> bool:
        """Tell whether it answers now."""
        return not any(now in span for span in (*self.away, *self.hanging))

    def begin(self, key: str, group: str | None, sandbox: Sandbox) -> Delivery:
        """Note that a message is on its way."""
        delivery = Delivery(
            key=key,
            group=group,
            began=self.scheduler.now,
            sandbox=sandbox.group.name,
            probing=sandbox.is_probing,
        )
        self.deliveries.append(delivery)
        self.scheduler.note(
            f"{delivery.sandbox} {'probes' if delivery.probing else 'delivers'} {key}"
        )
        return delivery

    def take(self, deliveries: list[Delivery], sandbox: Sandbox) -> list[Delivery]:
        """Store what was begun, all in one call, and give what it refuses.

        Raises what the user's function raises. A process that dies here leaves what was stored.
        """
        self.under_way[sandbox.group.name] = deliveries
        try:
            self._answer(deliveries, sandbox)
        except Exception as error:
            self._end(sandbox, type(error).__name__)
            raise
        refused = self._refused(deliveries)
        for delivery in deliveries:
            if delivery not in refused:
                delivery.taken = self.scheduler.now
                self.stored.setdefault(delivery.key, []).append(self.scheduler.now)
        sandbox.wait(1)
        self._end(sandbox, None)
        return refused

    def ask(self, sandbox: Sandbox) -> bool:
        """Tell whether it is well, as the user's own probe does."""
        asking = Delivery(
            key="probe",
            group=None,
            began=self.scheduler.now,
            sandbox=sandbox.group.name,
            probing=True,
        )
        self.asked.append(asking)
        self.under_way[sandbox.group.name] = [asking]
        self.scheduler.note(f"{sandbox.group.name} asks")
        if any(self.scheduler.now in span for span in self.hanging):
            sandbox.wait(FOR_EVER)
        sandbox.wait(self.scheduler.random.randint(*self.latency))
        self._end(sandbox, None)
        return self.is_well(self.scheduler.now)

    def hear_of_death(self, sandbox: Sandbox) -> None:
        """Know that a process was killed: its call is over, whatever came of it."""
        self._end(sandbox, "killed")

    def _end(self, sandbox: Sandbox, error: str | None) -> None:
        for delivery in self.under_way.pop(sandbox.group.name, ()):
            delivery.ended, delivery.error = self.scheduler.now, error

    def _refused(self, deliveries: list[Delivery]) -> list[Delivery]:
        """Give what is sick, and of a group what stands behind one that comes again."""
        refused: list[Delivery] = []
        blocked: set[str] = set()
        for delivery in deliveries:
            sick = self.sick.get(delivery.key)
            if sick is not None or delivery.group in blocked:
                refused.append(delivery)
            if sick is not None and sick is not Sick.POISON and delivery.group is not None:
                blocked.add(delivery.group)
        return refused

    def _answer(self, deliveries: list[Delivery], sandbox: Sandbox) -> None:
        random, load = self.scheduler.random, len(self.under_way)
        if self.scheduler.now >= self.weak_until:
            load = 1
        kinds = {self.sick.get(each.key) for each in deliveries}
        if any(self.scheduler.now in span for span in self.hanging) or Sick.HANGS in kinds:
            sandbox.wait(FOR_EVER)
        slower = max(1, load // self.capacity)
        sandbox.wait(random.randint(*self.latency) * slower)
        if load > self.most or any(self.scheduler.now in span for span in self.away):
            raise self.failure("the downstream is away")
        if len(deliveries) > 1:
            return
        if Sick.POISON in kinds:
            raise Permanent("never")
        if Sick.BROKEN in kinds:
            raise random.choice((ValueError, Retryable))("no")
