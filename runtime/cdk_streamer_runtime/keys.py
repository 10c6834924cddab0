"""Keys of the table's items, derived so that no tenant can spell another tenant's key."""

from __future__ import annotations

import base64
import hashlib
import re

from cdk_streamer_runtime.contract import REQUEST_ID_PATTERN

_REQUEST_ID = re.compile(REQUEST_ID_PATTERN)
# Half of a surrogate pair is JSON, but no text that a table could hold.
_CHANNEL_NAME = re.compile(r"[^\x00-\x1f\ud800-\udfff]{1,256}")


def request_key(tenant: str, owner: str, request_id: str) -> str:
    """Give the partition key of a request: the same id of another owner is another request."""
    return _digest(tenant, owner, request_id)


def owner_key(tenant: str, owner: str) -> str:
    """Give the listing index's partition key."""
    return _digest(tenant, owner)


def channel_key(tenant: str, name: str) -> str:
    """Give the partition key of a channel, which every owner of the tenant shares."""
    return _digest(tenant, name)


def connection_key(connection_id: str) -> str:
    """Give the partition key of a connection."""
    return f"conn#{connection_id}"


def ticket_key(ticket: str) -> str:
    """Give the partition key of a ticket, from which nobody can tell the ticket."""
    return f"ticket#{hashlib.sha256(ticket.encode()).hexdigest()}"


def limit_key(*parts: str) -> str:
    """Give the partition key of what counts for a limit."""
    return _digest("limit", *parts)


def is_request_id(text: object) -> bool:
    """Tell whether a client may name a request so."""
    return isinstance(text, str) and _REQUEST_ID.fullmatch(text) is not None


def is_channel_name(text: object) -> bool:
    """Tell whether a channel may be called so."""
    return isinstance(text, str) and _CHANNEL_NAME.fullmatch(text) is not None


def _digest(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        # The length first: ("ab", "c") and ("a", "bc") must not meet in one key.
        digest.update(len(data).to_bytes(4, "big") + data)
    return base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
