"""Uploads, and snapshots whose result is stored elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from cdk_streamer_client.errors import ConnectionLost, ProtocolError, UploadFailed
from cdk_streamer_client.snapshots import Snapshot, read_address, read_grant, read_snapshot
from cdk_streamer_client.storage import NotTransferred, Source, Storage, size_of
from cdk_streamer_client.wire import Malformed, parse

# Each try has an address of its own, so that one that has ended is no obstacle.
TRIES = 3

Call = Callable[[str, Mapping[str, Any]], Awaitable[Any]]


class Transfers:
    """Moves what no message carries."""

    def __init__(self, *, call: Call, storage: Storage) -> None:
        self._call = call
        self._storage = storage

    async def snapshot(self, request_id: str) -> Snapshot:
        """Ask how a request stands, with its result however large; raises NotFound."""
        reason = ""
        for _ in range(TRIES):
            data = await self._call("get", {"request_id": request_id})
            stored = read_address(data)
            if stored is None:
                return read_snapshot(data)
            try:
                text = await self._storage.read(stored.url, stored.size)
            except NotTransferred as failure:
                reason = failure.reason
            else:
                return replace(read_snapshot(data), result=_result(text))
        raise ConnectionLost(f"the result of {request_id!r} cannot be fetched: {reason}")

    async def upload(self, source: Source, media_type: str) -> str:
        """Store what the source has, and give its id; raises UploadFailed."""
        reason = ""
        for _ in range(TRIES):
            data = await self._call("upload", {"size": size_of(source), "type": media_type})
            grant = read_grant(data)
            try:
                await self._storage.write(grant.url, grant.headers, source)
            except NotTransferred as failure:
                reason = failure.reason
            else:
                return grant.upload_id
        raise UploadFailed(f"the upload was tried {TRIES} times: {reason}")


def _result(text: str) -> object:
    try:
        return parse(text)
    except Malformed as error:
        raise ProtocolError(f"the service's result cannot be read: {error}") from error
