"""Notes what the functions of a sink's author do, without changing it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import cast

from cdk_streamer_runtime.sinks.app import Deliver, DeliverBatch, Sink
from cdk_streamer_runtime.sinks.calls import run
from cdk_streamer_runtime.sinks.record import SinkRecord


class Notes:
    """What was delivered, and what was raised or named as wrong."""

    def __init__(self) -> None:
        self.delivered: list[SinkRecord] = []
        self.errors: list[Exception] = []

    def observed(self, sink: Sink) -> Sink:
        """Give a sink that does the same, and is noted."""
        one, several, probe, unavailable = sink.functions
        observed = Sink(unavailable=unavailable)
        if one is not None:
            observed.deliver(partial(self._deliver, one))
        if several is not None:
            observed.deliver_batch(partial(self._deliver_batch, several))
        if probe is not None:
            observed.probe(probe)
        return observed

    def _deliver(self, function: Deliver, record: SinkRecord) -> None:
        self._run(function, record)
        self.delivered.append(record)

    def _deliver_batch(self, function: DeliverBatch, records: Sequence[SinkRecord]) -> object:
        answer = self._run(function, records)
        if isinstance(answer, Mapping):
            told = cast("Mapping[str, object]", answer)
            self.errors += [each for each in told.values() if isinstance(each, Exception)]
            self._note(records, {*told})
            return told
        if isinstance(answer, Iterable) and not isinstance(answer, str | bytes):
            ids = [*cast("Iterable[object]", answer)]  # it may be there to be read once
            self._note(records, {*ids})
            return ids
        self._note(records, set() if answer is None else {answer})
        return answer

    def _note(self, records: Sequence[SinkRecord], failed: set[object]) -> None:
        if failed <= {record.id for record in records}:
            self.delivered += [record for record in records if record.id not in failed]

    def _run(self, function: Callable[..., object], argument: object) -> object:
        try:
            return run(function, argument)
        except Exception as error:
            self.errors.append(error)
            raise
