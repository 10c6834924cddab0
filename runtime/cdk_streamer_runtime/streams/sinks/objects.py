"""Sinks for S3: put, delete, copy and get objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from cdk_streamer_runtime.contract.streams import ResourceKind
from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.pipelines.steps import Call
from cdk_streamer_runtime.streams.sinks.requests import (
    Wanted,
    call,
    members,
    needed,
    text_of,
    use,
)

_GONE = 404
_SERVER_FAULT = 500
# Without ListBucket S3 answers for what is not there as for what is forbidden, which would wait
# for an operator: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
_READ = ("s3:GetObject", "s3:ListBucket")
# What a request may say beside key and body, and the header that says it.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
_HEADERS = {
    "CacheControl": "cache-control",
    "ContentDisposition": "content-disposition",
    "ContentEncoding": "content-encoding",
    "ContentType": "content-type",
    "IfNoneMatch": "if-none-match",
    "MetadataDirective": "x-amz-metadata-directive",
    "StorageClass": "x-amz-storage-class",
}


def put_object(
    *,
    bucket: str,
    request: str = "put_object_request",
    response: str = "put_object_response",
    name: str = "put_object",
) -> Call:
    """Give a step that stores objects: `{"Key": ..., "Body": ...}`.

    The body is bytes, a text, or any JSON value.
    """

    def send(wanted: Wanted, world: World) -> dict[str, Any]:
        given = needed(wanted.request, "Key", "Body")
        body, headers = content_of(given, world)
        path = path_of(bucket, given["Key"], world)
        world.aws.rest("s3", "PUT", path, body=body, headers=headers)
        return {"Key": given["Key"]}

    uses = (use(ResourceKind.BUCKET, bucket, "s3:PutObject"),)
    return call(name=name, request=request, response=response, send=send, uses=uses)


def delete_object(
    *,
    bucket: str,
    request: str = "delete_object_request",
    response: str = "delete_object_response",
    name: str = "delete_object",
) -> Call:
    """Give a step that removes objects: `{"Key": ...}`; harmless where there is none."""

    def send(wanted: Wanted, world: World) -> dict[str, Any]:
        key = needed(wanted.request, "Key")["Key"]
        world.aws.rest("s3", "DELETE", path_of(bucket, key, world))
        return {"Key": key}

    uses = (use(ResourceKind.BUCKET, bucket, "s3:DeleteObject"),)
    return call(name=name, request=request, response=response, send=send, uses=uses)


def copy_object(
    *,
    bucket: str,
    source: str | None = None,
    request: str = "copy_object_request",
    response: str = "copy_object_response",
    name: str = "copy_object",
) -> Call:
    """Give a step that copies objects of up to 5 GB: `{"Key": ..., "SourceKey": ...}`.

    `source` is the bucket to copy from; default: the same one.
    """
    origin = source or bucket

    def send(wanted: Wanted, world: World) -> dict[str, Any]:
        given = needed(wanted.request, "Key", "SourceKey")
        headers = headers_of(given)
        headers["x-amz-copy-source"] = path_of(origin, given["SourceKey"], world)
        path = path_of(bucket, given["Key"], world)
        answer = world.aws.rest("s3", "PUT", path, headers=headers)
        # A copy that fails half way is told in the body of an answer that began with 200.
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
        if b"<Error>" in answer:
            raise aws_error("InternalError", "", _SERVER_FAULT, "CopyObject")
        return {"Key": given["Key"]}

    uses = (
        use(ResourceKind.BUCKET, origin, *_READ),
        use(ResourceKind.BUCKET, bucket, "s3:PutObject"),
    )
    return call(name=name, request=request, response=response, send=send, uses=uses)


def get_object(
    *,
    bucket: str,
    request: str = "get_object_request",
    response: str = "get_object_response",
    name: str = "get_object",
) -> Call:
    """Give a step that reads whole objects: `{"Key": ...}`.

    The response has the bytes under `Body`, None where there is no such object.
    """

    def send(wanted: Wanted, world: World) -> dict[str, Any]:
        key = needed(wanted.request, "Key")["Key"]
        try:
            body = world.aws.rest("s3", "GET", path_of(bucket, key, world))
        except AwsError as error:
            if error.status != _GONE or error.code == "NoSuchBucket":
                raise
            return {"Key": key, "Body": None}
        return {"Key": key, "Body": body}

    uses = (use(ResourceKind.BUCKET, bucket, *_READ),)
    return call(name=name, request=request, response=response, send=send, uses=uses)


def content_of(request: Mapping[str, Any], world: World) -> tuple[bytes, dict[str, str]]:
    """Give the bytes of an object and the headers that go with them."""
    body, headers = request["Body"], headers_of(request)
    if isinstance(body, bytes | bytearray):
        return bytes(body), headers
    if not isinstance(body, str):
        headers.setdefault("content-type", "application/json")
    return text_of(body, world).encode(), headers


def path_of(bucket: str, key: str, world: World) -> str:
    """Give where an object stands: `/<bucket>/<key>`; raises ValueError for a key of no object."""
    if not key:
        # What would be read, emptied or removed is the bucket.
        raise ValueError("the request has an empty 'Key'; an object has a text of 1 to 1024 bytes")
    return f"/{world.resources.address(ResourceKind.BUCKET, bucket)}/{quote(key, safe='/~')}"


def headers_of(request: Mapping[str, Any]) -> dict[str, str]:
    """Give the headers of a request that stores an object."""
    headers = {_HEADERS[name]: str(value) for name, value in request.items() if name in _HEADERS}
    metadata = members(request, "Metadata")
    return headers | {f"x-amz-meta-{name}": str(value) for name, value in metadata.items()}
