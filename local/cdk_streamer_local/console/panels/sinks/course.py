"""When a sink did not poll, and when its downstream was tried: read from what it measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cdk_streamer_local.console.measures import Pairs
from cdk_streamer_local.console.metrics import Metrics
from cdk_streamer_runtime.contract.sinks import SINK_DIMENSION, SinkMetric

Series = Sequence[tuple[int, float, int, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """From when to when nothing was taken from the queue; `end` None: until now."""

    begin: float
    end: float | None


def stretches(metrics: Metrics, sink: str, *, is_off: bool, since: float | None) -> list[Stretch]:
    """Give the latest ones; `is_off` is how it is now, `since` when if that is known."""
    dimension = {SINK_DIMENSION: sink}
    opened = metrics.series(SinkMetric.CIRCUIT_OPENED, **dimension)
    told = metrics.series(SinkMetric.CIRCUIT_OPEN, **dimension)
    return list(joined(opened, told, is_off=is_off, since=since))


def joined(opened: Series, told: Series, *, is_off: bool, since: float | None) -> Iterator[Stretch]:
    """Make stretches of when it opened, and of when it was told how it is."""
    words = sorted(
        [(second, True) for second, *_ in opened]
        + [(second, most > 0) for second, _, _, most in told]
    )
    begin: float | None = None
    for second, off in words:
        if off and begin is None:
            begin = second
        elif not off and begin is not None:
            yield Stretch(begin=begin, end=second)
            begin = None
    if is_off:
        known = [moment for moment in (begin, since) if moment is not None]
        if known:
            yield Stretch(begin=min(known), end=None)
    elif begin is not None:
        yield Stretch(begin=begin, end=words[-1][0])


def probes(metrics: Metrics, sink: str) -> Pairs:
    """Give when the downstream was tried while the circuit was open."""
    series = metrics.series(SinkMetric.PROBES, **{SINK_DIMENSION: sink})
    return [(second, total) for second, total, _, _ in series if total]
