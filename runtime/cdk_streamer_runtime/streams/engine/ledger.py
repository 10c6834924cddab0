"""The ledger: what did not go well. Of what is not in it every branch has ended, so it is done."""

from __future__ import annotations

from collections import Counter
from threading import Lock

from cdk_streamer_runtime.streams.answers import Answer, Batch, HandedBack, Response
from cdk_streamer_runtime.streams.faults.failure import Failure
from cdk_streamer_runtime.streams.outcome import Outcome, Undecodable
from cdk_streamer_runtime.streams.uow import UnitOfWork, leaves_of


class Ledger:
    """Which records come again and which failures become faults; lanes write it at once.

    `limits` has the lowest position, by group, that comes again: nothing above it is begun.
    """

    def __init__(self, batch: Batch) -> None:
        self.limits: dict[str, int] = {}
        self.reasons: Counter[str] = Counter()
        self._batch = batch
        self._lock = Lock()
        self._returned: set[int] = set()
        self._lost = False  # one that has to come again cannot be named
        self._faults: list[Failure] = []

    @property
    def is_closed(self) -> bool:
        """Whether nothing that is not yet pulled can be begun."""
        return bool(self.limits) and self._batch.response is Response.CHECKPOINT

    def hand_back(self, of: UnitOfWork | Undecodable, reason: str = "") -> None:
        """Have the records come again for which this stands."""
        leaves = leaves_of(of) if isinstance(of, UnitOfWork) else [of]
        with self._lock:
            if reason:
                self.reasons[reason] += 1
            for leaf in leaves:
                self._hand_back(leaf)

    def hand_back_from(self, of: Outcome) -> None:
        """Have this record and all after it come again."""
        position = self._batch.position(of)
        if position is None:
            self._lost = True
            return
        self._returned.update(range(position, len(self._batch.records)))

    def fault(self, failure: Failure) -> None:
        """Keep a failure that is to be a fault."""
        with self._lock:
            self._faults.append(failure)

    def allows(self, uow: UnitOfWork) -> bool:
        """Tell whether it may be begun; asked only while there are limits.

        What stands for records on both sides of a limit comes again with all of them.
        """
        allowed = [self._is_below(leaf) for leaf in leaves_of(uow)]
        if all(allowed):
            return True
        if any(allowed):
            self.hand_back(uow)
        return False

    def faults(self) -> list[Failure]:
        """Give the failures of records that do not come again, in the records' order."""
        returned = self.returned()
        position = self._batch.position
        if self._lost:
            return []
        if not returned:
            return sorted(self._faults, key=lambda failure: position(failure.of) or 0)
        standing = [(position(failure.of), failure) for failure in self._faults]
        kept = [(at or 0, failure) for at, failure in standing if at not in returned]
        return [failure for _, failure in sorted(kept, key=lambda pair: pair[0])]

    def returned(self) -> set[int]:
        """Give the positions of all records that come again."""
        if self._lost:
            return set(range(len(self._batch.records)))
        return self._batch.after(self._returned)

    def answer(self) -> Answer:
        """Give what Lambda is answered; raises HandedBack if that cannot be said in parts."""
        if self._lost:
            raise HandedBack(
                f"records have to come again that cannot be named, so all "
                f"{len(self._batch.records)} of the batch do"
            )
        return self._batch.answer(self._batch.after(self._returned))

    def _hand_back(self, leaf: UnitOfWork | Undecodable) -> None:
        position = self._batch.position(leaf)
        if position is None:
            self._lost = True
            return
        self._returned.add(position)
        group = self._batch.group(position)
        if group is not None:
            self.limits[group] = min(position, self.limits.get(group, position))

    def _is_below(self, leaf: UnitOfWork) -> bool:
        position = self._batch.position(leaf)
        if position is None:
            return True  # its record cannot be named: if it fails, all come again
        group = self._batch.group(position)
        limit = None if group is None else self.limits.get(group)
        return limit is None or position <= limit
