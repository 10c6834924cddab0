"""One request with all that the table and the bucket hold of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from cdk_streamer_local.console.panel import Unknown
from cdk_streamer_local.console.panels.requests.apis import ProgressApi
from cdk_streamer_runtime.aws import LeanClient
from cdk_streamer_runtime.contract import State
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import AwsError, RequestNotFound
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.results import Results
from cdk_streamer_runtime.requests.store import RequestStore

RESULT_BYTES = 256 * 1024  # more of a stored result is not shown
_CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """`body` is None when it is gone, `chunks` the last ones; `stored` a result that is in S3."""

    request: Request
    body: Mapping[str, Any] | None
    chunks: Mapping[str, Any] | None
    stored: Mapping[str, Any] | None


def detail(aws: LeanClient, api: ProgressApi, key: str, now: int) -> Detail:
    """Read one; raises Unknown."""
    store = RequestStore(Table(aws, api.table), retention=api.retention, new_mark=lambda: "")
    request = store.read(key, now)
    if request is None:
        raise Unknown("there is no such request; its retention may be over")
    try:
        found = store.body(key)
        body = {"payload": found.payload, "metadata": found.metadata}
    except RequestNotFound:
        body = None
    return Detail(
        request=request,
        body=body,
        chunks=_chunks(store, request),
        stored=_stored(aws, api, request, now),
    )


def _chunks(store: RequestStore, request: Request) -> Mapping[str, Any] | None:
    """Give the last of what the attempt has put out, as far as one look at it goes."""
    if not request.chunks:
        return None
    page: dict[str, Any] = store.chunks.page(request, max(request.chunks - 25, 0), _CHUNK_BYTES)
    return {"of": request.chunks, "page": page["chunks"]}


def _stored(
    aws: LeanClient, api: ProgressApi, request: Request, now: int
) -> Mapping[str, Any] | None:
    if request.result_bytes is None or request.state is not State.SUCCEEDED or api.bucket is None:
        return None
    # Only its place is of use: the engine does not take what its root has signed in a query.
    path = unquote(urlsplit(Results(aws, api.bucket).address(request, now).url).path)
    told = {"bucket": api.bucket, "bytes": request.result_bytes, "url": _address(api, path)}
    try:
        part = aws.read_object(path, 0, RESULT_BYTES - 1)
    except AwsError as fault:
        return told | {"problem": f"it cannot be read: {fault}"}
    text = part.data.decode(errors="replace")
    try:
        return told | {"value": json.loads(text)}
    except ValueError:  # cut off in the middle
        return told | {"text": text}


def _address(api: ProgressApi, path: str) -> str:
    bucket, _, key = path.removeprefix("/").partition("/")
    client: Any = api.stack.services.client("s3")
    return client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
