"""Keys of the event store's rows.

Any text may be a correlation key or an event's id, also one that is too long for a key of
DynamoDB: a digest stands for it then.
"""

from __future__ import annotations

from cdk_streamer_runtime.contract.streams import EventRow
from cdk_streamer_runtime.streams.outcome import digest

PK = "pk"
SK = "sk"
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
PK_BYTES = 2048
SK_BYTES = 1024
# As many as the last timestamp of an event has, so that texts sort as numbers do.
DIGITS = 16
_DIGEST = "sha256:"


def event_key(event_id: str) -> dict[str, str]:
    """Give where a collected event stands."""
    return {PK: fitting(event_id, PK_BYTES), SK: EventRow.EVENT.value}


def correlation_key(key: str, suffix: str | None, timestamp: int, event_id: str) -> dict[str, str]:
    """Give where an event stands among those of its correlation key, in the order of time."""
    place = moment_key(timestamp)
    return {PK: partition_of(key, suffix), SK: place + fitting(event_id, SK_BYTES - len(place))}


def emission_key(partition: str, rule: str, name: str = "") -> dict[str, str]:
    """Give where it stands that a rule has emitted for a partition, once for each name."""
    place = emissions_of(rule)
    sort = place + "#" + fitting(name, SK_BYTES - len(place) - 1) if name else place
    return {PK: partition, SK: sort}


def partition_of(key: str, suffix: str | None) -> str:
    """Give the partition of a correlation key; a suffix makes it another one."""
    return fitting(f"{key}.{suffix}" if suffix else key, PK_BYTES)


def moment_key(timestamp: int) -> str:
    """Give what the sort keys of the events of a moment begin with."""
    return f"{EventRow.CORRELATION.value}#{timestamp:0{DIGITS}d}#"


def emissions_of(rule: str) -> str:
    """Give what the sort keys of all that a rule has emitted begin with."""
    return f"{EventRow.EMISSION.value}#{rule}"


def fitting(text: str, most: int) -> str:
    """Give the text, or a digest of one that has more bytes than a key may have."""
    return text if len(text.encode(errors="surrogatepass")) <= most else _DIGEST + digest(text)
