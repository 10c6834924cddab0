"""What travels over the fan-out queue: a body for the callback, and attributes beside it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from functools import lru_cache

from cdk_streamer_runtime.documents import size
from cdk_streamer_runtime.timers.firing import Firing

FIRE_KEY = "fire_key"
REVISION = "rev"
PLAIN = "plain"  # the body is the data alone
REASON = "reason"  # of a dead letter: the code of what refused it
_OVERHEAD = 256  # of names, types and punctuation, more than there are
# What a message can be refused for, whenever it is sent. Others of SQS' codes are about the queue.
_REFUSALS = frozenset(
    {"InvalidMessageContents", "InvalidParameterValue", "BatchRequestTooLong", "MessageTooLong"}
)
# Of an entry the service says itself whose fault it is, but means by that whoever it is not.
_QUEUES_FAULT = re.compile(r"(?i)kms|thrott|accessdenied|limitexceeded")


def body(firing: Firing) -> str:
    """Write the body: texts joined, since the data is JSON already and an id needs no escapes."""
    if firing.plain:
        return firing.data
    fire_at = timestamp(firing.fire_at)
    return f'{{"id":"{firing.id}","fire_at":"{fire_at}","rev":{firing.rev},"data":{firing.data}}}'


def attributes(firing: Firing) -> dict[str, object]:
    """Give the attributes: what duplicates have in common, and the timer's revision."""
    told: dict[str, object] = {
        FIRE_KEY: {"DataType": "String", "StringValue": f"{firing.id}/{firing.fire_at}"},
        REVISION: {"DataType": "String", "StringValue": str(firing.rev)},
    }
    if firing.plain:
        told[PLAIN] = {"DataType": "String", "StringValue": "1"}
    return told


def bytes_of(firing: Firing) -> int:
    """Give no less than the bytes that SQS counts: the body and the attributes."""
    return size(firing.data) + 2 * len(firing.id) + _OVERHEAD


@lru_cache(maxsize=1024)
def timestamp(seconds: int) -> str:
    """Write a moment as RFC 3339 has it, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def escaped(text: str) -> str:
    """Write JSON with escapes for all that is not ASCII: SQS refuses some characters of Unicode."""
    return json.dumps(json.loads(text), separators=(",", ":"))


def is_refused(code: str) -> bool:
    """Tell whether it is the message that is refused, now and always."""
    return code.rpartition(".")[2] in _REFUSALS


def is_queues_fault(code: str) -> bool:
    """Tell whether a "sender fault" of an entry would be one of any other entry too."""
    return _QUEUES_FAULT.search(code) is not None


def named(fire_key: str) -> tuple[str, int]:
    """Read the id and the moment of a firing from its key; raises ValueError."""
    id, _, moment = fire_key.rpartition("/")
    if not id or not moment.isdecimal():
        raise ValueError("no key of a firing")
    return id, int(moment)


def seconds(text: str) -> int:
    """Read a moment of a body; raises ValueError."""
    return int(datetime.fromisoformat(text).timestamp())
