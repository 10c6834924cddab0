"""A seed that finds each mutant, to be tried first; after a change of the draws another one may."""

from __future__ import annotations

KNOWN = {
    "throttling is acknowledged": 4,
    "throttling becomes a fault": 4,
    "the highest failed record is answered": 10,
    "a failed message does not hold its group back": 142,
    "records above a failed one are begun": 29,
    "faults of records that come again are published": 101,
    "faults that could not be published are forgotten": 4,
    "faults are kept for the next invocation": 4,
    "a fault for each pipeline": 3,
    "a fault is called otherwise each time": 8,
    "what cannot be read is dropped": 4,
    "records that there was no time for are acknowledged": 128,
    "units that there was no time for are forgotten": 101,
    "no time is kept for the end": 221,
    "no lock": 2,
    "the lock ignores the sequence": 4,
    "lanes of pipelines, not of keys": 0,
    "lanes without keys": 0,
    "what stands for several has one key": 1,
    "what gathers forgets at the end": 1,
    "calls that wait to be full are forgotten": 0,
    "a bulk call is repeated as a whole": 10,
    "entries that were refused too often are forgotten": 4,
    "events that the bus refused count as published": 4,
    "records that the stream refused count as put": 4,
    "items that were put off count as written": 10,
}
IN_CI = frozenset(
    {
        "throttling is acknowledged",
        "the highest failed record is answered",
        "lanes of pipelines, not of keys",
        "what gathers forgets at the end",
    }
)
