"""A seed that finds each mutant, to be tried first; after a change of the draws another one may."""

from __future__ import annotations

KNOWN = {
    "claim after the read": 8,
    "registry read before the claim": 10,
    "eventually consistent read": 1,
    "wall clock picks the window": 2,
    "no fencing on done": 59,
    "cursor saved before sends are confirmed": 2,
    "Failed entries ignored": 1,
    "advance before send for a next firing": 1,
    "callback does not wait": 4,
    "latest of the late ones skipped": 2,
    "row that cannot be read ends the window": 8,
}
# Those that a seed of a second finds; `make simulate OF=timers MUTANTS=1` looks for all of them.
IN_CI = frozenset(
    {
        "eventually consistent read",
        "wall clock picks the window",
        "Failed entries ignored",
        "advance before send for a next firing",
    }
)
