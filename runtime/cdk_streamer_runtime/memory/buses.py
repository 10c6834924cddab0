"""EventBridge in memory: buses that keep what was put on them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.memory.refusals import Refusals

ENTRIES = 10
REQUEST_BYTES = 1024 * 1024
_TIME_BYTES = 14


class MemoryBuses:
    """Buses by name. `refusals` lets a test refuse the next entries."""

    def __init__(self, names: Iterable[str], clock: Callable[[], int]) -> None:
        self.refusals = Refusals()
        self._clock = clock
        self._entries: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
        self._count = 0

    def events(self, bus: str) -> list[dict[str, Any]]:
        """Give all events of a bus, as its targets receive them, in their order."""
        return [dict(entry) for entry in self._entries[bus]]

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Do one operation; raises AwsError."""
        if operation != "PutEvents":
            raise NotImplementedError(f"EventBridge's {operation} is not known to MemoryAws")
        entries: list[dict[str, Any]] = list(parameters["Entries"])
        if not 1 <= len(entries) <= ENTRIES:
            raise aws_error("ValidationException", "1 to 10 entries", 400, operation)
        if sum(map(_size, entries)) > REQUEST_BYTES:
            raise aws_error("ValidationException", "Total size of the entries", 400, operation)
        results = [self._put(entry) for entry in entries]
        failed = sum("ErrorCode" in result for result in results)
        return {"FailedEntryCount": failed, "Entries": results}

    def _put(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        bus = str(entry.get("EventBusName", "default")).rpartition("/")[2]
        code = self.refusals.take() or self._fault(bus, entry)
        if code is not None:
            return {"ErrorCode": code, "ErrorMessage": code}
        self._count += 1
        id = f"00000000-0000-4000-8000-{self._count:012x}"
        self._entries[bus].append(
            {
                "version": "0",
                "id": id,
                "detail-type": entry["DetailType"],
                "source": entry["Source"],
                "account": "000000000000",
                "time": self._clock(),
                "region": "memory",
                "resources": list(entry.get("Resources", [])),
                "detail": json.loads(entry["Detail"]),
            }
        )
        return {"EventId": id}

    def _fault(self, bus: str, entry: Mapping[str, Any]) -> str | None:
        if bus not in self._entries:
            return "ResourceNotFoundException"
        for name in ("Source", "DetailType", "Detail"):
            if not entry.get(name):
                return "InvalidArgument"
        try:
            is_object = isinstance(json.loads(entry["Detail"]), dict)
        except ValueError:
            is_object = False
        return None if is_object else "MalformedDetail"


def _size(entry: Mapping[str, Any]) -> int:
    texts = [entry.get(name, "") for name in ("Source", "DetailType", "Detail")]
    texts += entry.get("Resources", [])
    return sum(len(text.encode()) for text in texts) + (_TIME_BYTES if "Time" in entry else 0)
