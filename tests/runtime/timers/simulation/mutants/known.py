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
    "advance before send for a next firing": 19,
    "callback does not wait": 4,
    "latest of the late ones skipped": 2,
    "since ignored": 7,
    "first page only": 3,
    "firing that is done run again": 5,
    "fast path without claimed_until": 4,
    "old slot deleted outside the transaction": 4,
    "DelaySeconds rounded down": 4,
    "refused entry tried for ever": 4,
    "revision not compared in strict mode": 4,
    "no fast path": 4,
    "no fast path for what is repeated": 4,
    "successor lost": 1,
    "phase moved by a repeated PUT": 0,
    "skipped hour of a night forgotten": 1,
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
