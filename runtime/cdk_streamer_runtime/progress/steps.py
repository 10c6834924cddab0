"""Work in named steps, each with its share of the whole."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from cdk_streamer_runtime.progress.progress import Carrier, Progress


class Steps:
    """The steps of some work, by name: `with steps["load"] as load: load.report(50)`.

    How far the work is, is how far all its steps are: they may run in any order, and at once.
    """

    def __init__(self, progress: Progress, carrier: Carrier, weights: Mapping[str, float]) -> None:
        """Take where the whole is reported and the steps' weights; raises ValueError."""
        _refuse_bad(weights)
        self._progress = progress
        self._carrier = carrier
        self._weights = dict(weights)
        self._whole = math.fsum(weights.values())
        self._done = dict.fromkeys(weights, 0.0)
        self._lock = threading.Lock()

    def __getitem__(self, name: str) -> Step:
        """Give a step; raises KeyError that names those there are."""
        if name not in self._weights:
            raise KeyError(f"there is no step {name!r}, only {', '.join(self._weights)}")
        return Step(self._progress, _Share(self, self._carrier, name))

    def advance(self, name: str, percentage: float) -> float:
        """Note how far a step is, and give how far that is of the whole."""
        with self._lock:
            self._done[name] = max(self._done[name], percentage)
            done = math.fsum(self._weights[each] * self._done[each] for each in self._weights)
            return round(min(done / self._whole, 100), 2)


class Step(Progress):
    """The Progress of one step: its percentages, of 100, become a share of the whole.

    As a context manager it reports its beginning, and its end unless an exception is raised.
    """

    def __init__(self, parent: Progress, share: _Share) -> None:
        """Take what it is a step of."""
        super().__init__(share, parent._asker)  # noqa: SLF001 - of the same class
        self._parent = parent

    def chunk(self, data: object) -> None:
        """Put out a part of the result, as the work as a whole does."""
        # Whoever has chunks has less room for a result, and only the whole has a result.
        self._parent.chunk(data)

    @property
    def _common(self) -> Mapping[str, Any]:
        return {**self._parent._common, **self._metadata}  # noqa: SLF001 - the same

    def __enter__(self) -> Self:
        """Begin the step."""
        self.report(0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the step, with its whole share; one that failed keeps what it had."""
        if kind is None:
            self.report(100)


class _Share:
    """Carries a step's reports into those of the whole."""

    def __init__(self, steps: Steps, carrier: Carrier, name: str) -> None:
        self._steps = steps
        self._carrier = carrier
        self._name = name

    def offer(self, report: Mapping[str, Any]) -> None:
        inner = report.get("step")
        percentage = report["percentage"]
        if percentage is not None:
            percentage = self._steps.advance(self._name, percentage)
        step = self._name if inner is None else f"{self._name}/{inner}"
        self._carrier.offer({**report, "percentage": percentage, "step": step})

    def put(self, chunk: str) -> None:
        self._carrier.put(chunk)

    def check(self) -> None:
        self._carrier.check()


def _refuse_bad(weights: Mapping[str, float]) -> None:
    if not weights:
        raise ValueError('steps need a weight each, got none; write {"load": 1, "render": 3}')
    for name, weight in weights.items():
        if not (weight > 0 and math.isfinite(weight)):
            raise ValueError(f"the weight of step {name!r} must be above 0, got {weight!r}")
