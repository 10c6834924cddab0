"""What a handler returned: JSON text that is stored in the table, or in S3 when it is large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract import (
    RESULT_BYTES,
    STORED_RESULT_BYTES,
    URL_SECONDS,
    ErrorCode,
)
from cdk_streamer_runtime.documents import DEPTH, encode, is_deep, size
from cdk_streamer_runtime.errors import ActionFailed
from cdk_streamer_runtime.requests.request import Request

# A page of chunks travels in one message with the result: this leaves room for the largest chunk.
BESIDE_CHUNKS_BYTES = 40 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Success:
    """The result's JSON text; in S3, under the attempt's key, if `is_stored`."""

    result: str
    is_stored: bool = False

    @property
    def changes(self) -> dict[str, Any]:
        """Give what the request's item says of it."""
        return {"result_bytes": size(self.result)} if self.is_stored else {"result": self.result}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where something can be fetched; `expires_at` is in milliseconds since the epoch."""

    url: str
    expires_at: int


class Results:
    """The results in the bucket of one API."""

    def __init__(self, aws: Aws, bucket: str) -> None:
        """Take the bucket's name."""
        self._aws = aws
        self._bucket = bucket

    def put(self, request: Request, text: str) -> None:
        """Store the result of an attempt, where no other attempt stores its own."""
        headers = {"Content-Type": "application/json"}
        self._aws.rest("s3", "PUT", self._path(request), body=text.encode(), headers=headers)

    def address(self, request: Request, now: int) -> Address:
        """Give where the result of a request that has succeeded is, for a while."""
        url = self._aws.presign("GET", self._path(request), seconds=URL_SECONDS)
        return Address(url=url, expires_at=now + URL_SECONDS * 1000)

    def _path(self, request: Request) -> str:
        return f"/{self._bucket}/requests/{request.key}/result-{request.attempt}.json"


def result_text(result: object, *, most: int = RESULT_BYTES) -> str:
    """Write a result; raises TypeError for what JSON lacks, ActionFailed for what is too large."""
    try:
        text = encode(result)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"the handler's result is not JSON: {error}") from error
    if is_deep(text):
        raise TypeError(f"the handler's result is nested deeper than {DEPTH} levels")
    if size(text) > most:
        raise ActionFailed(
            f"the result has {size(text)} bytes, but {most} is the most; "
            "store it elsewhere and return its address",
            code=ErrorCode.PAYLOAD_TOO_LARGE,
        )
    return text


def most_bytes(results: Results | None, *, beside_chunks: bool) -> int:
    """Tell how large a result may be: without a bucket it has to fit into a message."""
    return inline_bytes(beside_chunks=beside_chunks) if results is None else STORED_RESULT_BYTES


def inline_bytes(*, beside_chunks: bool) -> int:
    """Tell how large a result may be that is sent itself."""
    return BESIDE_CHUNKS_BYTES if beside_chunks else RESULT_BYTES


def kept(
    success: Success, request: Request, results: Results | None, *, beside_chunks: bool
) -> Success:
    """Store a result that is too large to be sent, before anybody is told of it."""
    if results is None or size(success.result) <= inline_bytes(beside_chunks=beside_chunks):
        return success
    results.put(request, success.result)
    return Success(result=success.result, is_stored=True)
