"""A seed that finds each mutant, to be tried first; after a change of the draws another one may."""

from __future__ import annotations

KNOWN = {
    "what failed is acknowledged": 14,
    "what is handed back is acknowledged": 2,
    "rejected without telling the other queue": 6,
    "what is to come later is not hidden": 36,
    "unavailability is an ordinary failure": 2,
    "the circuit is not asked": 23,
    "no watchdog": 28,
    "the watchdog tells the circuit nothing": 29,
    "late turns are used": 39,
    "a reservation is one slot": 5,
    "every process has a rate of its own": 9,
    "a group goes on behind what comes again": 21,
    "in a group all are forsaken together": 14,
    "deliveries are not remembered": 23,
    "in a batch all of a group fail": 146,
    "a live claim of another is no obstacle": 1,
    "polling is never paused": 2,
    "polling is never resumed": 2,
    "a mapping that is busy counts as turned": 115,
    "the mapping itself is not looked at": 2,
    "the pauses of operators are forgotten": 22,
    "nobody is woken when it opens": 2,
    "nobody is woken for the trial": 2,
    "a trial that was lost is waited for": 26,
    "a trial is soon taken for lost": 5,
    "probes are received each time": 218,
    "a probe that failed is deleted": 2,
    "a probe that was done stays in the queue": 69,
    "held probes are not released": 27,
    "pauses do not grow": 2,
    "a failed trial closes the circuit": 2,
}
IN_CI = frozenset(
    {
        "what is handed back is acknowledged",
        "polling is never paused",
        "polling is never resumed",
        "pauses do not grow",
    }
)
