"""What a seed is about: the sink, who sends to it, and what becomes of its downstream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from cdk_streamer_runtime.errors import DownstreamUnavailable
from tests.runtime.simulation.scheduler import START
from tests.runtime.sinks.simulation.downstream import Sick, Span
from tests.runtime.sinks.simulation.weather import HOUR, MINUTE, SECOND, Weather

WEATHERS = (
    Weather.CALM,
    Weather.MILD,
    Weather.OUTAGE,
    Weather.FLAPPING,
    Weather.HARD,
    Weather.HANGING,
    Weather.WEAK,
    Weather.HARD,
)
FAILURES: tuple[type[Exception], ...] = (DownstreamUnavailable, ConnectionError, TimeoutError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message as its sender means it."""

    key: str
    at: int
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """When the downstream is not as it should be; `ends` is when it is well for good."""

    away: tuple[Span, ...] = ()
    hanging: tuple[Span, ...] = ()
    most: int = 1_000  # calls at once
    capacity: int = 1_000
    ends: int = START


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is the same from the beginning to the end of a seed. Times are milliseconds."""

    weather: Weather
    fifo: bool
    workers: int
    batch: int
    rate: float | None
    in_batches: bool  # the user's function takes a whole batch
    remember: bool
    own_probe: bool  # the user has a function that asks the downstream how it is
    timeout: int
    failure: type[Exception]
    messages: tuple[Sent, ...]
    sick: dict[str, Sick]
    trouble: Trouble
    held: Span | None  # from an operator's pause to the end of it
    redriven_at: int | None = None  # an operator wants dead letters back
    deployed_at: int | None = None  # processes are replaced, and the mapping is enabled
    most_receives: int = 10
    pause: int = 30 * SECOND
    longest_pause: int = 10 * MINUTE
    failures: int = 5

    @property
    def disturbed_until(self) -> int:
        """When nothing goes wrong any more."""
        last = max((sent.at for sent in self.messages), default=START)
        held = self.held.end if self.held else START
        acts = (self.redriven_at or START, self.deployed_at or START)
        return max(last, self.trouble.ends, held, *acts, START + 15 * MINUTE) + MINUTE

    @property
    def probe_time(self) -> int:
        """After which a probe that nobody has heard of counts as lost."""
        return self.timeout + 30 * SECOND


def scenario_of(random: Random, seed: int) -> Scenario:
    """Draw a scenario."""
    weather = WEATHERS[seed % len(WEATHERS)]
    fifo = random.random() < 0.3
    batch = random.choice((1, 5, 10, 10))
    workers = random.choice((1, 2, 5, 20))
    timeout = random.choice((30, 60)) * SECOND
    slowest = workers * batch / (timeout / 2 / SECOND)
    rate = random.choice((None, *(each for each in (5.0, 20.0, 50.0, 200.0) if each > slowest)))
    messages = tuple(_flow(random, fifo=fifo))
    in_batches = random.random() < 0.25
    sick = _sick(random, weather, messages, in_batches=in_batches)
    return Scenario(
        weather=weather,
        fifo=fifo,
        workers=workers,
        batch=batch,
        rate=rate,
        in_batches=in_batches,
        remember=random.random() < 0.4,
        own_probe=random.random() < 0.2,
        timeout=timeout,
        failure=random.choice(FAILURES),
        messages=messages,
        sick=sick,
        trouble=_trouble(random, weather),
        held=_held(random) if weather is not Weather.CALM else None,
        redriven_at=_now_and_then(random, weather),
        deployed_at=_now_and_then(random, weather),
        pause=random.choice((10, 30)) * SECOND,
        failures=random.choice((3, 5)),
    )


def _flow(random: Random, *, fifo: bool) -> Iterator[Sent]:
    """Give what is sent: steadily, all at once, or a peak after a pause."""
    count, groups = random.choice((3, 30, 120, 300)), random.choice((1, 3, 20))
    kind = random.choice(("steady", "burst", "peaks"))
    spread = random.choice((MINUTE, 5 * MINUTE, 14 * MINUTE))
    for number in range(count):
        at = START + SECOND
        if kind == "steady":
            at += number * spread // count
        elif kind == "peaks":
            at += (number * 4 // count) * spread // 4
        group = f"g{random.randrange(groups)}" if fifo else ""
        yield Sent(key=f"m{number}", at=at, group=group)


def _sick(
    random: Random, weather: Weather, messages: tuple[Sent, ...], *, in_batches: bool
) -> dict[str, Sick]:
    kinds = [Sick.POISON, Sick.POISON, Sick.BROKEN]
    if weather in {Weather.HARD, Weather.HANGING} and not in_batches:
        kinds.append(Sick.HANGS)
    count = random.choice((0, 0, 1, 3))
    return {sent.key: random.choice(kinds) for sent in random.sample(messages, count)}


def _trouble(random: Random, weather: Weather) -> Trouble:
    match weather:
        case Weather.OUTAGE:
            return _away(random, random.choice((10 * MINUTE, HOUR)))
        case Weather.FLAPPING:
            spans = tuple(_flapping(random))
            return Trouble(away=spans, ends=spans[-1].end)
        case Weather.WEAK:
            most = random.choice((0, 1, 2))
            ends = START + random.randint(5, 30) * MINUTE
            return Trouble(most=most or 1, capacity=1, ends=ends)
        case Weather.HANGING:
            start = START + random.randint(0, 3) * MINUTE
            end = start + random.randint(2, 10) * MINUTE
            return Trouble(hanging=(Span(start, end),), ends=end)
        case Weather.HARD:
            chosen = random.choice((Weather.OUTAGE, Weather.FLAPPING, Weather.HANGING, None))
            return _trouble(random, chosen) if chosen else Trouble()
        case _:
            return Trouble()


def _away(random: Random, length: int) -> Trouble:
    start = START + random.randint(0, 3 * MINUTE)
    return Trouble(away=(Span(start, start + length),), ends=start + length)


def _flapping(random: Random) -> Iterator[Span]:
    at, end = START + random.randint(0, MINUTE), START + random.randint(10, 40) * MINUTE
    while at < end:
        length = random.randint(20, 240) * SECOND
        yield Span(at, at + length)
        at += length + random.randint(10, 120) * SECOND


def _now_and_then(random: Random, weather: Weather) -> int | None:
    if weather is Weather.CALM or random.random() < 0.8:
        return None
    return START + random.randint(0, 30) * MINUTE


def _held(random: Random) -> Span | None:
    if random.random() < 0.8:
        return None
    start = START + random.randint(0, 10) * MINUTE
    return Span(start, start + random.randint(1, 20) * MINUTE)
