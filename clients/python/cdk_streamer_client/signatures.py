"""AWS signatures of requests to an API, by botocore."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

SERVICE = "execute-api"


class Signer:
    """Signs with the credentials of the moment.

    `session` is a botocore or boto3 session; default: one that finds the credentials where the
    AWS CLI does. `region` is the API's; default: that of its address, else the session's.
    """

    def __init__(
        self,
        *,
        region: str | None = None,
        session: Any = None,  # noqa: ANN401 - botocore has no types
        remedy: str = "give region=...",
    ) -> None:
        self._session = _botocore("session").Session() if session is None else session
        self._region = region
        self._remedy = remedy

    def sign(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> dict[str, str]:
        """Give the headers with those of the signature; raises ValueError without credentials."""
        credentials = self._session.get_credentials()
        if credentials is None:
            raise ValueError("there are no AWS credentials; sign in, or set AWS_PROFILE")
        region = self._region or _region_of(url) or _region_of_session(self._session)
        if region is None:
            raise ValueError(f"the region of {url!r} is unknown; {self._remedy}")
        request = _botocore("awsrequest").AWSRequest(
            method=method, url=url, headers=dict(headers or {}), data=body
        )
        keys = credentials.get_frozen_credentials()
        _botocore("auth").SigV4Auth(keys, SERVICE, region).add_auth(request)
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
        text = "AWS signatures need botocore; install it with: pip install botocore"
        raise ImportError(text) from error
