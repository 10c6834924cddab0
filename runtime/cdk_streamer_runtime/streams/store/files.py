"""Files: objects of S3 that only newer events change.

S3 compares entity tags, not times. So an object has noted the event that it is made of, and is
written on the condition that nobody has written it since that was read.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.errors import AwsError, Retryable

_ATTEMPTS = 5
_CHANGED = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "OperationAborted"})
_GONE = 404
_DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What an object is made of: when that happened, and which place it has in its lineage."""

    timestamp: int
    sequence: str | None
    lineage: str | None

    @classmethod
    def noted(cls, metadata: Mapping[str, str]) -> Version | None:
        """Give what an object has noted; None if it is not of ours."""
        timestamp = metadata.get("timestamp", "")
        if not timestamp.isdecimal():
            return None
        return cls(
            timestamp=int(timestamp),
            sequence=metadata.get("sequence"),
            lineage=metadata.get("lineage"),
        )

    def headers(self, *, deleted: bool = False) -> dict[str, str]:
        """Give what is noted beside an object."""
        members = {
            "timestamp": str(self.timestamp),
            "sequence": self.sequence,
            "lineage": self.lineage,
            _DELETED: "true" if deleted else None,
        }
        return {f"x-amz-meta-{name}": value for name, value in members.items() if value is not None}

    def is_news_to(self, stored: Version | None) -> bool:
        """Tell whether nothing newer is stored, as far as that can be compared."""
        if stored is None or stored.timestamp != self.timestamp:
            return stored is None or stored.timestamp < self.timestamp
        if self.sequence is None or stored.sequence is None or self.lineage != stored.lineage:
            return True
        return stored.sequence <= self.sequence


class Files:
    """Objects at paths; each write tells whether it was news."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def put(self, path: str, version: Version, body: bytes, headers: Mapping[str, str]) -> bool:
        """Store an object, unless what is stored is newer."""
        noted = {**headers, **version.headers()}
        return self._write(
            path, version, lambda on: self._rest("PUT", path, {**noted, **on}, body=body)
        )

    def mark(self, path: str, version: Version) -> bool:
        """Store that the object is deleted, as an empty one, unless what is stored is newer."""
        noted = version.headers(deleted=True)
        return self._write(path, version, lambda on: self._rest("PUT", path, {**noted, **on}))

    def remove(self, path: str, version: Version) -> bool:
        """Remove an object, unless what is stored is newer."""

        def send(on: dict[str, str]) -> None:
            if "if-match" in on:
                self._rest("DELETE", path, on)

        return self._write(path, version, send)

    def _write(self, path: str, version: Version, send: Callable[[dict[str, str]], None]) -> bool:
        for _ in range(_ATTEMPTS):
            tag, stored = self._stored(path)
            if not version.is_news_to(stored):
                return False
            try:
                send({"if-none-match": "*"} if tag is None else {"if-match": tag})
            except AwsError as error:
                if error.code not in _CHANGED and not _is_missing(error):
                    raise
            else:
                return True
        raise Retryable("others write the same object all the time")

    def _stored(self, path: str) -> tuple[str | None, Version | None]:
        try:
            # One byte: what is noted comes with it.
            part = self._aws.read_object(path, 0, 0)
        except AwsError as error:
            if _is_missing(error):
                return None, None
            raise
        return part.tag, Version.noted(part.metadata)

    def _rest(
        self, method: str, path: str, headers: Mapping[str, str], *, body: bytes = b""
    ) -> None:
        self._aws.rest("s3", method, path, body=body, headers=headers)


def version_of(lock: Mapping[str, Any]) -> Version:
    """Give the version of what `lock_of` gives."""
    return Version(timestamp=lock["timestamp"], sequence=lock["sequence"], lineage=lock["lineage"])


def _is_missing(error: AwsError) -> bool:
    return error.status == _GONE and error.code != "NoSuchBucket"
