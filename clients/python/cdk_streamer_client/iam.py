"""Handshakes that are signed with AWS credentials, for APIs with `Auth.iam()`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from cdk_streamer_client.credentials import Sign
from cdk_streamer_client.signatures import Signer


def iam_signer(*, region: str | None = None, session: Any = None) -> Sign:  # noqa: ANN401 - botocore has no types
    """Give what signs each handshake with the credentials of this moment; needs botocore.

    `session` is a botocore or boto3 session; default: one that finds the credentials where the
    AWS CLI does. `region` is the API's; default: that of its address, else the session's.
    """
    signer = Signer(region=region, session=session, remedy="use iam_signer(region=...)")

    def sign(url: str) -> Mapping[str, str]:
        parts = urlsplit(url)
        # What is signed is the HTTP request that begins the handshake.
        scheme = {"wss": "https", "ws": "http"}[parts.scheme]
        return signer.sign("GET", parts._replace(scheme=scheme).geturl())

    return sign
