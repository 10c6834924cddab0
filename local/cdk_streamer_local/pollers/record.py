"""Records of a shard on their way to a function."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record. `content` is what the function gets; `size` counts its bytes as JSON.

    `sequence` is its number in the shard, as the stream writes it. Records of one `key` keep their
    order and are never with the function at the same time in two batches.
    """

    sequence: str
    key: str
    arrived: float
    size: int = 0
    content: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Records that a function gets at once.

    `failures` are those that count against the retries, `invocations` all that there were, and
    `pauses` the failures since the batch had its present form.
    """

    records: tuple[Record, ...]
    failures: int = 0
    invocations: int = 0
    pauses: int = 0
    not_before: float = 0.0

    @property
    def sequences(self) -> tuple[str, ...]:
        """Give the numbers of its records, ascending."""
        return tuple(record.sequence for record in self.records)
