"""What one step did with a chunk, by the places of its items: the record keeps it small."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """How many were published, which ones come again, which never will, and which are left.

    What is `left` was not tried: the next step does that, `pause` seconds later. `data` is what
    a function is asked with. No turn is free before `until`, in milliseconds.
    """

    published: int = 0
    rejected: Sequence[int] = ()
    failed: Sequence[int] = ()
    left: Sequence[int] = ()
    pause: int = 0
    until: int = 0
    data: Sequence[Any] | None = field(default=None)

    def document(self) -> dict[str, Any]:
        """Write it, without what says nothing."""
        told = {
            "published": self.published,
            "rejected": list(self.rejected),
            "failed": list(self.failed),
            "left": list(self.left),
            "pause": self.pause,
            "until": self.until,
        }
        document: dict[str, Any] = {name: value for name, value in told.items() if value}
        return document if self.data is None else {**document, "data": list(self.data)}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read what `document` wrote."""
        return cls(**document)


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What became of a chunk, over all of its steps."""

    published: int = 0
    failed: list[int] = field(default_factory=list[int])
    attempts: int = 1

    def add(self, part: Part) -> None:
        """Count what one step has settled."""
        self.published += part.published
        self.failed += part.failed

    def document(self) -> list[Any]:
        """Write it, short: a record has one for each chunk, and all of them once more."""
        return [self.published, self.attempts, sorted(self.failed)]

    @classmethod
    def from_document(cls, document: Sequence[Any]) -> Outcome:
        """Read what `document` wrote."""
        published, attempts, failed = document
        return cls(published=published, attempts=attempts, failed=failed)


def without(places: Iterable[int], others: Iterable[int]) -> list[int]:
    """Give the places that are not among others, in their order."""
    known = set(others)
    return [place for place in places if place not in known]
