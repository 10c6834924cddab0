"""What becomes of an error, by its class."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """What becomes of a unit of work that met an error."""

    RETRY = "retry"  # the call is made again in place, a few times, then it is redelivered
    REDELIVER = "redeliver"  # the record is handed back, and comes again
    FAULT = "fault"  # it becomes a fault event, and is done
    DROP = "drop"  # it is counted, and done
    STOP = "stop"  # the invocation fails: nothing of this batch is acknowledged
