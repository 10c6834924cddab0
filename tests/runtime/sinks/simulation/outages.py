"""Scenarios for measurements: one thing happens, and all else is well."""

from __future__ import annotations

from tests.runtime.simulation.scheduler import START
from tests.runtime.sinks.simulation.downstream import Span
from tests.runtime.sinks.simulation.scenarios import Scenario, Sent, Trouble
from tests.runtime.sinks.simulation.weather import MINUTE, SECOND, Weather


def outage(length: int) -> Scenario:
    """Give a sink of 600 messages, one a second, whose downstream is away after a minute."""
    away = Span(START + MINUTE, START + MINUTE + length)
    sent = (Sent(key=f"m{each}", at=START + each * SECOND, group="") for each in range(600))
    return plain(tuple(sent), rate=50.0, trouble=Trouble(away=(away,), ends=away.end))


def peak(count: int, rate: float, *, workers: int) -> Scenario:
    """Give a sink that all messages come to at once."""
    sent = tuple(Sent(key=f"m{each}", at=START, group="") for each in range(count))
    return plain(sent, rate=rate, trouble=Trouble(), workers=workers)


def plain(
    messages: tuple[Sent, ...], *, rate: float | None, trouble: Trouble, workers: int = 2
) -> Scenario:
    """Give a scenario in which nothing else goes wrong, but a pause takes effect a minute late."""
    return Scenario(
        weather=Weather.LATE,
        fifo=False,
        workers=workers,
        batch=10,
        rate=rate,
        in_batches=False,
        remember=False,
        own_probe=False,
        timeout=60 * SECOND,
        failure=ConnectionError,
        messages=messages,
        sick={},
        trouble=trouble,
        held=None,
    )
