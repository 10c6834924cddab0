"""Handshakes that are signed with AWS credentials, for APIs with `Auth.iam()`."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from cdk_streamer_client.credentials import Sign

SERVICE = "execute-api"


def iam_signer(*, region: str | None = None, session: Any = None) -> Sign:  # noqa: ANN401 - botocore has no types
    """Give what signs each handshake with the credentials of this moment; needs botocore.

    `session` is a botocore or boto3 session; default: one that finds the credentials where the
    AWS CLI does. `region` is the API's; default: that of its address, else the session's.
    """
    source = _botocore("session").Session() if session is None else session

    def sign(url: str) -> Mapping[str, str]:
        credentials = source.get_credentials()
        if credentials is None:
            raise ValueError("there are no AWS credentials; sign in, or set AWS_PROFILE")
        place = region or _region_of(url) or _region_of_session(source)
        if place is None:
            raise ValueError(f"the region of {url!r} is unknown; use iam_signer(region=...)")
        return _signed(url, credentials.get_frozen_credentials(), place)

    return sign


def _signed(url: str, credentials: Any, region: str) -> Mapping[str, str]:  # noqa: ANN401
    parts = urlsplit(url)
    # What is signed is the HTTP request that begins the handshake.
    scheme = {"wss": "https", "ws": "http"}[parts.scheme]
    request = _botocore("awsrequest").AWSRequest(
        method="GET", url=parts._replace(scheme=scheme).geturl()
    )
    _botocore("auth").SigV4Auth(credentials, SERVICE, region).add_auth(request)
    return dict(request.headers.items())


def _region_of(url: str) -> str | None:
    """Give the region in `<api>.execute-api.<region>.amazonaws.com`."""
    labels = (urlsplit(url).hostname or "").split(".")
    return labels[labels.index(SERVICE) + 1] if SERVICE in labels[:-1] else None


def _region_of_session(session: Any) -> str | None:  # noqa: ANN401
    named = getattr(session, "region_name", None)  # boto3's
    return named or session.get_config_variable("region")


def _botocore(part: str) -> Any:  # noqa: ANN401
    """Import it late: only who signs needs it."""
    try:
        return importlib.import_module(f"botocore.{part}")
    except ImportError as error:
        text = "iam_signer needs botocore; install it with: pip install botocore"
        raise ImportError(text) from error
