"""A claim check: what stands in an event for the whole of it, which waits in a bucket."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.contract.streams import CLAIM_PREFIX, RECORD_PREFIX
from cdk_streamer_runtime.streams.json_text import Json, Malformed, is_object, kind_of

CLAIM = "claimCheck"
# What a packed event still shows: who it is for and what it must stay in order with.
HEAD = ("id", "type", "timestamp", "partitionKey", "tags")
_KEY = re.compile(rf"(?:{CLAIM_PREFIX}|{RECORD_PREFIX})[0-9a-f]{{64}}\.json")


class ClaimRefused(Malformed):
    """A claim check for something else than this event, or for nothing. It shows no content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimCheck:
    """Where something waits. The key is made of its content, so the same is kept once."""

    bucket: str
    key: str
    size: int

    @classmethod
    def of(cls, body: bytes, *, bucket: str, prefix: str) -> ClaimCheck:
        """Give the claim check of a content."""
        key = f"{prefix}{hashlib.sha256(body).hexdigest()}.json"
        return cls(bucket=bucket, key=key, size=len(body))

    @classmethod
    def read(cls, document: Json) -> ClaimCheck:
        """Read one from an event; raises ClaimRefused for what none of ours looks like."""
        if not is_object(document) or document.keys() != {"bucket", "key", "size"}:
            raise ClaimRefused(
                f"`{CLAIM}` must have bucket, key and size and nothing else, "
                f"got {kind_of(document)}"
            )
        bucket, key, size = document["bucket"], document["key"], document["size"]
        if type(bucket) is not str or type(key) is not str or type(size) is not int:
            raise ClaimRefused(f"`{CLAIM}` must have texts for bucket and key, and a whole size")
        if size < 1 or not _KEY.fullmatch(key):
            raise ClaimRefused(f"`{CLAIM}` has a key or a size that we never write")
        return cls(bucket=bucket, key=key, size=size)

    @property
    def path(self) -> str:
        """Where S3 has it."""
        return f"/{self.bucket}/{self.key}"

    def is_of(self, body: bytes) -> bool:
        """Tell whether this is the content that it was made of."""
        return self.key.endswith(f"/{hashlib.sha256(body).hexdigest()}.json")

    def document(self) -> dict[str, Any]:
        """Write it as it stands in an event."""
        return {"bucket": self.bucket, "key": self.key, "size": self.size}


def head_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """Give the members that a packed event still shows."""
    return {name: event[name] for name in HEAD if name in event}
