"""What happened to a thing, in the order in which it was written, and as often."""

from __future__ import annotations

from typing import Any

from cdk_streamer_runtime.streams import UnitOfWork


def append(uow: UnitOfWork) -> dict[str, Any]:
    """Ask for one more entry, whatever is there: nothing hides a wrong order."""
    thing, attributes = uow.event["thing"], uow.record.get("attributes", {})
    entry = {"number": thing["number"], "receive": attributes.get("ApproximateReceiveCount", "1")}
    return {
        "Key": {"pk": thing["id"], "sk": "history"},
        "UpdateExpression": "SET #entries = list_append(if_not_exists(#entries, :none), :entry)",
        "ExpressionAttributeNames": {"#entries": "entries"},
        "ExpressionAttributeValues": {":none": [], ":entry": [entry]},
    }
