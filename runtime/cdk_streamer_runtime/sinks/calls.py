"""Calls of the author's functions: how long they take, and what each record came to."""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from cdk_streamer_runtime.contract.sinks import SinkMetric
from cdk_streamer_runtime.coroutines import finished
from cdk_streamer_runtime.errors import Fatal
from cdk_streamer_runtime.sinks.app import SinkFunctions
from cdk_streamer_runtime.sinks.record import SinkRecord
from cdk_streamer_runtime.sinks.world import Meter, Platform

logger = logging.getLogger(__name__)

# Of a new call in the mean of those before.
WEIGHT = 0.3
# Nothing begins without the time for the longest call so far, and half as much again.
CAUTION = 1.5

Faults = dict[str, Exception]


class Answer(NamedTuple):
    """What was wrong, by the ids of those not delivered; what was `raised` holds for all."""

    faults: Faults
    raised: Exception | None = None

    @property
    def is_refused(self) -> bool:
        """Whether all were refused for good, though perhaps for the fault of one."""
        return isinstance(self.raised, Fatal)


class Failed(Exception):
    """The function has named a record among the failed, without telling why."""


class Calls:
    """Delivers records by the author's functions."""

    def __init__(self, functions: SinkFunctions, platform: Platform, metrics: Meter) -> None:
        """Take the functions."""
        self.functions = functions
        self._platform = platform
        self._metrics = metrics
        self._longest = 0
        self._mean: float | None = None

    @property
    def together(self) -> bool:
        """Whether a call delivers several records."""
        return self.functions.several is not None

    @property
    def mean(self) -> float | None:
        """The milliseconds that a call takes, lately; None: there was none yet."""
        return self._mean

    @property
    def needed(self) -> int:
        """The milliseconds that a call is to be given."""
        return int(self._longest * CAUTION)

    def deliver(self, records: Sequence[SinkRecord]) -> Answer:
        """Deliver them in one call; of several records only if the function takes several."""
        before = self._platform.clock()
        try:
            return Answer(self._delivered(records))
        except Exception as error:  # noqa: BLE001 - it is the author's, and others must not suffer
            return Answer({record.id: error for record in records}, raised=error)
        finally:
            self._measure(self._platform.clock() - before)

    def is_up(self) -> bool:
        """Ask the downstream by the author's probe."""
        probe = self.functions.probe
        try:
            return probe is not None and done(probe) is not False
        except Exception as error:  # noqa: BLE001 - whatever it is, the downstream is not up
            logger.warning("probe failed", extra={"error": type(error).__name__})
            return False

    def _delivered(self, records: Sequence[SinkRecord]) -> Faults:
        functions = self.functions
        if functions.several is not None:
            # A list of its own: what it takes out of that is not delivered for it.
            return _faults(run(functions.several, list(records)), records)
        assert functions.one is not None  # noqa: S101 - Sink.functions has seen to it
        for record in records:
            done(functions.one, record)
        return {}

    def _measure(self, taken: int) -> None:
        self._metrics.milliseconds(SinkMetric.DELIVERY_TIME, taken)
        self._longest = max(self._longest, taken)
        before = taken if self._mean is None else self._mean
        self._mean = before + WEIGHT * (taken - before)


def run(function: Any, *arguments: object) -> object:  # noqa: ANN401 - the author's
    """Run a function to its end, also when it is a coroutine; raises what it raises."""
    try:
        return finished(function(*arguments))
    except SystemExit as wish:
        # The other records of its batch would go with the process.
        raise RuntimeError(f"the function wanted to exit with {wish.code!r}") from wish
    except BaseException as error:
        if not _is_cancellation(error):
            raise
        raise RuntimeError("the function was cancelled from inside") from error


def done(function: Any, *arguments: object) -> object:  # noqa: ANN401 - the author's
    """Run a function whose work is done when it returns; raises TypeError where it has not begun.

    A decorator hides from `Sink` that there is a yield.
    """
    result = run(function, *arguments)
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        raise TypeError("the function gave a generator and has done nothing; leave out yield")
    return result


def _is_cancellation(error: BaseException) -> bool:
    asyncio = sys.modules.get("asyncio")  # who has not loaded it cannot be cancelled by it
    kinds = [GeneratorExit] if asyncio is None else [GeneratorExit, asyncio.CancelledError]
    return isinstance(error, tuple(kinds))


def _faults(answer: object, records: Sequence[SinkRecord]) -> Faults:
    """Read what `deliver_batch` gave; raises TypeError or ValueError for what names no record."""
    if answer is None:
        return {}
    if isinstance(answer, str | bytes) or not isinstance(answer, Iterable):
        raise TypeError(
            f"deliver_batch must return the ids of failed records or None, got "
            f"{type(answer).__name__}; write return [record.id]"
        )
    ids = list(cast("Iterable[object]", answer))
    known = [record.id for record in records]  # not a set: not all that is given has a hash
    strangers = [id for id in ids if id not in known]
    if strangers:
        raise ValueError(
            f"deliver_batch returned {len(strangers)} ids that are of none of its records; "
            "return record.id of those that failed"
        )
    if not isinstance(answer, Mapping):
        return {str(id): Failed() for id in ids}
    reasons = cast("Mapping[str, object]", answer)
    return {id: told if isinstance(told, Exception) else Failed() for id, told in reasons.items()}
