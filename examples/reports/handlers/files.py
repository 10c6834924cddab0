"""The files of one caller in the application's bucket."""

from __future__ import annotations

import hashlib
import json
import os
from functools import cache
from typing import Any

from cdk_streamer_runtime import RequestContext

_LINK_SECONDS = 900  # a link dies with the credentials of the role that signed it anyway


class Files:
    """Reports under a prefix of the caller's own: no name leads to another's files."""

    def __init__(self, context: RequestContext) -> None:
        """Take the caller from the connection, never from the message."""
        caller = json.dumps([context.tenant, context.owner]).encode()
        self._folder = hashlib.sha256(caller).hexdigest()[:32]
        self._bucket = os.environ["BUCKET"]

    def publish(self, name: str, page: str) -> str:
        """Store a report, in place of an earlier one of that name, and give a link to it."""
        place = {"Bucket": self._bucket, "Key": f"reports/{self._folder}/{name}.html"}
        s3().put_object(**place, Body=page.encode(), ContentType="text/html; charset=utf-8")
        return s3().generate_presigned_url("get_object", Params=place, ExpiresIn=_LINK_SECONDS)


@cache
def s3() -> Any:  # noqa: ANN401 - boto3 has no types of its own
    """Give the process's one client of S3."""
    # Imported when it is needed: boto3 takes longer to import than an echo to answer.
    import boto3
    from botocore.config import Config

    # Without both settings boto3 signs for the global endpoint, which newer regions refuse.
    config = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    return boto3.client("s3", config=config)
