"""How many deliveries of a process succeeded, and about when."""

from __future__ import annotations

_MOST = 120  # moments; what is older falls into one


class Successes:
    """Counts by moments that are seconds apart. Times are milliseconds."""

    def __init__(self) -> None:
        """Begin with none."""
        self._counts: list[tuple[int, int]] = []

    def add(self, moment: int) -> None:
        """Count one more."""
        counts = self._counts
        if counts and counts[-1][0] == moment:
            counts[-1] = (moment, counts[-1][1] + 1)
            return
        counts.append((moment, 1))
        if len(counts) > _MOST:
            (first, some), (_, more) = counts[:2]
            counts[:2] = [(first, some + more)]

    def since(self, moment: int) -> int:
        """Tell how many there were from that moment on."""
        return sum(count for at, count in self._counts if at >= moment)

    def clear(self) -> None:
        """Begin anew."""
        self._counts.clear()
