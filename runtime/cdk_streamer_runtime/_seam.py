"""The seam: what the runtime needs of AWS, for the signed client and for AWS in memory."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Part(NamedTuple):
    """A part of an object in S3, and the object's whole `size`, media type and entity tag.

    `metadata` is what its author has noted beside it, by names in lower case.
    """

    data: bytes
    size: int
    type: str
    tag: str
    metadata: Mapping[str, str] = NO_HEADERS


def metadata_of(headers: Mapping[str, str]) -> dict[str, str]:
    """Give what the author of an object has noted, by headers with names in lower case."""
    prefix = "x-amz-meta-"
    return {
        name.removeprefix(prefix): value
        for name, value in headers.items()
        if name.startswith(prefix)
    }


class Aws(Protocol):
    """What stores, queues and posts need of AWS. `testing.MemoryAws` is another one.

    All methods raise `errors.AwsError` and its kin. A call whose answer got lost is repeated, so
    a write is done at least once: writes carry conditions that know their own effect.
    """

    def call(
        self, service: str, operation: str, parameters: Mapping[str, object]
    ) -> dict[str, Any]:
        """Call a JSON service by its API's own names, binary values as base64 text.

        Services: dynamodb, dynamodbstreams, sqs, events, kinesis, secretsmanager, states.
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
        """Send a signed request and give the answer's body.

        Services: execute-api, lambda, s3, scheduler, sns. Raises FunctionFailed when a function
        that was invoked has raised an error.
        Path segments come percent-encoded once, e.g. `.../@connections/L0SM9cOFvHcCIhw%3D`.
        A `url` may be a path of the service's own endpoint; of S3 it is `/<bucket>/<key>`.
        """
        ...

    def presign(
        self, method: str, path: str, *, seconds: int, headers: Mapping[str, str] = NO_HEADERS
    ) -> str:
        """Give an address of `/<bucket>/<key>` that anybody may use so, for `seconds`.

        Who uses it must send exactly these `headers`. Nobody is asked, so it never fails.
        """
        ...

    def read_object(self, path: str, start: int, end: int, *, tag: str | None = None) -> Part:
        """Read bytes `start` to `end`, both included, of `/<bucket>/<key>`.

        What lies beyond the object's end is left out. With `tag` the object must be the same still.
        """
        ...
