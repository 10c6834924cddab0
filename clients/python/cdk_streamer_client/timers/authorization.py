"""Who asks: an AWS signature or a bearer token on each request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cdk_streamer_client.credentials import NoCredentials
from cdk_streamer_client.signatures import Signer
from cdk_streamer_client.timers.transport import Authorize


def bearer(token: str | Callable[[], str]) -> Authorize:
    """Show a token; a function is asked for one at each request."""

    def authorize(
        method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Mapping[str, str]:
        del method, url, body
        shown = token if isinstance(token, str) else token()
        return {**headers, "Authorization": f"Bearer {shown}"}

    return authorize


def signature(*, region: str | None, session: Any) -> Authorize:  # noqa: ANN401 - botocore has no types
    """Sign with AWS credentials; needs botocore."""
    signer = Signer(region=region, session=session)

    def authorize(
        method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Mapping[str, str]:
        try:
            return signer.sign(method, url, headers, body)
        except ValueError as error:
            raise NoCredentials(str(error)) from error

    return authorize
