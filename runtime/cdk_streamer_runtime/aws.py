"""AWS for the runtime: one small protocol, and its client that signs and sends by itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Aws(Protocol):
    """What stores, queues and posts need of AWS. `testing.MemoryAws` is another one.

    Both methods raise `errors.AwsError` and its kin. A call whose answer got lost is repeated, so
    a write is done at least once: writes carry conditions that know their own effect.
    """

    def call(
        self, service: str, operation: str, parameters: Mapping[str, object]
    ) -> dict[str, Any]:
        """Call a JSON service by its API's own names, binary values as base64 text.

        Services: dynamodb, dynamodbstreams, sqs, events, kinesis, states.
        """
        ...

    def rest(
        self,
        service: str,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> bytes:
        """Send a signed request and give the answer's body. Services: execute-api, lambda, s3.

        Path segments come percent-encoded once, e.g. `.../@connections/L0SM9cOFvHcCIhw%3D`.
        """
        ...
