"""Calls of what listens on this machine, with its certificate and past any proxy."""

from __future__ import annotations

import ssl
import urllib.request

from cdk_streamer_local.engine.certificate import Certificate

_NO_PROXY = urllib.request.ProxyHandler({})
_SECONDS = 30


def call(certificate: Certificate, url: str, body: bytes | None = None) -> None:
    """Get an address, or post the body to it; raises OSError unless that succeeded."""
    trust = ssl.create_default_context(cafile=str(certificate.bundle))
    opener = urllib.request.build_opener(_NO_PROXY, urllib.request.HTTPSHandler(context=trust))
    request = urllib.request.Request(url, data=body)  # noqa: S310 - loopback
    with opener.open(request, timeout=_SECONDS) as answer:
        answer.read()
