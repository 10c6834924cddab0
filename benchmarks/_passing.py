"""AWS in memory, for a benchmark that watches what is asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdk_streamer_runtime._seam import NO_HEADERS, Part
from cdk_streamer_runtime.memory import MemoryAws


class Passing:
    """An `aws.Aws` that passes every call on."""

    def __init__(self, aws: MemoryAws) -> None:
        self.aws = aws

    def call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Pass on."""
        return self.aws.call(service, operation, parameters)

    def rest(
        self,
        service: str,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> bytes:
        """Pass on."""
        return self.aws.rest(service, method, url, body=body, headers=headers)

    def presign(
        self, method: str, path: str, *, seconds: int, headers: Mapping[str, str] = NO_HEADERS
    ) -> str:
        """Pass on."""
        return self.aws.presign(method, path, seconds=seconds, headers=headers)

    def read_object(self, path: str, start: int, end: int, *, tag: str | None = None) -> Part:
        """Pass on."""
        return self.aws.read_object(path, start, end, tag=tag)
