"""The files of one caller in the application's bucket."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from cdk_streamer_runtime import ActionFailed, ErrorCode, RequestContext

_NAME = re.compile(r"[A-Za-z0-9_-]{16}")
_LINK_SECONDS = 900  # a link dies with the credentials of the role that signed it anyway


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An open upload: its lines, how many bytes it has, and how many of them were read."""

    lines: io.TextIOBase
    size: int
    body: Any

    @property
    def position(self) -> int:
        """Bytes that came from the bucket so far."""
        return self.body.tell()


class Files:
    """Uploads and reports under a prefix of the caller's own: no name leads to another's files."""

    def __init__(self, context: RequestContext) -> None:
        """Take the caller from the connection, never from the message."""
        caller = json.dumps([context.tenant, context.owner]).encode()
        self._folder = hashlib.sha256(caller).hexdigest()[:32]
        self._bucket = os.environ["BUCKET"]

    def new_upload(self) -> dict[str, str]:
        """Give the name of a new upload and the address to PUT it to."""
        name = secrets.token_urlsafe(12)
        key = self._upload_key(name)
        return {"orders": name, "url": self._link("put_object", key, "text/csv")}

    @contextmanager
    def open_upload(self, name: str) -> Iterator[Upload]:
        """Read an upload as it arrives; raises ActionFailed when there is none."""
        if not _NAME.fullmatch(name):
            raise _unknown(name)
        try:
            answer = s3().get_object(Bucket=self._bucket, Key=self._upload_key(name))
        except s3().exceptions.NoSuchKey:
            raise _unknown(name) from None
        with closing(answer["Body"]) as body:
            lines = io.TextIOWrapper(io.BufferedReader(body), encoding="utf-8", newline="")
            yield Upload(lines=lines, size=answer["ContentLength"], body=body)

    def publish(self, name: str, page: str) -> str:
        """Store a report, in place of an earlier one of that name, and give a link to it."""
        key = f"reports/{self._folder}/{name}.html"
        s3().put_object(
            Bucket=self._bucket,
            Key=key,
            Body=page.encode(),
            ContentType="text/html; charset=utf-8",
        )
        return self._link("get_object", key)

    def _upload_key(self, name: str) -> str:
        return f"uploads/{self._folder}/{name}.csv"

    def _link(self, operation: str, key: str, content_type: str | None = None) -> str:
        parameters = {"Bucket": self._bucket, "Key": key}
        if content_type is not None:
            parameters["ContentType"] = content_type
        return s3().generate_presigned_url(operation, Params=parameters, ExpiresIn=_LINK_SECONDS)


def _unknown(name: str) -> ActionFailed:
    text = f"there is no upload {name[:32]!r}; ask for one with prepare_upload"
    return ActionFailed(text, code=ErrorCode.NOT_FOUND)


@cache
def s3() -> Any:  # noqa: ANN401 - boto3 has no types of its own
    """Give the process's one client of S3."""
    # Imported when it is needed: boto3 takes longer to import than an echo to answer.
    import boto3
    from botocore.config import Config

    # Without both settings boto3 signs for the global endpoint, which newer regions refuse.
    config = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    return boto3.client("s3", config=config)
