"""How it goes: by action from the requests that are stored, by API from what functions measure."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cdk_streamer_local.console.metrics import Metrics
from cdk_streamer_local.console.panels.requests.table import Entry
from cdk_streamer_runtime.contract import METRIC_DIMENSION, Metric, State

SECONDS = 60
# A second since the epoch and its value, of the last minute, those without one left out: as long
# as nothing happens it is the same, and nobody has to be told.
Recent = Sequence[tuple[int, float]]
_FAILURES = frozenset({State.FAILED, State.EXPIRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFigures:
    """One action. Durations are seconds from acceptance to end, of those that succeeded."""

    api: str
    action: str
    requests: int
    open: int
    failures: int
    median: float | None
    slowest: float | None
    last: float
    recent: Recent


def by_action(api: str, entries: Iterable[Entry], now: float) -> list[ActionFigures]:
    """Give the figures of each action, by name."""
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry.action].append(entry)
    return [_figures(api, action, groups[action], now) for action in sorted(groups)]


def _figures(api: str, action: str, entries: Sequence[Entry], now: float) -> ActionFigures:
    taken = [
        (entry.ended_at - entry.created_at) / 1000
        for entry in entries
        if entry.ended_at is not None and entry.state is State.SUCCEEDED
    ]
    return ActionFigures(
        api=api,
        action=action,
        requests=len(entries),
        open=sum(entry.ended_at is None for entry in entries),
        failures=sum(entry.state in _FAILURES for entry in entries),
        median=statistics.median(taken) if taken else None,
        slowest=max(taken, default=None),
        last=max(entry.created_at for entry in entries) / 1000,
        recent=_recent([(entry.created_at / 1000, 1) for entry in entries], now),
    )


def measured(metrics: Metrics, api: str, now: float) -> Mapping[str, Recent]:
    """Give the sums by second of the last minute of what an API's functions count."""
    own = {METRIC_DIMENSION: api}
    counted = (Metric.PROGRESS_POSTS, Metric.POST_FAILURES, Metric.REQUESTS_LIMITED)
    told: dict[str, Recent] = {}
    for metric in counted:
        sums = [(at, total) for at, total, _, _ in metrics.series(metric, **own)]
        told[metric.value] = _recent(sums, now)
    # Milliseconds: the longest of each second.
    longest = [(at, most) for at, _, _, most in metrics.series(Metric.QUEUE_AGE, **own)]
    told[Metric.QUEUE_AGE.value] = _recent(longest, now)
    return told


def _recent(values: Iterable[tuple[float, float]], now: float) -> Recent:
    recent: dict[int, float] = defaultdict(float)
    for at, value in values:
        if now - at < SECONDS:
            recent[int(at)] += value
    return sorted(recent.items())
