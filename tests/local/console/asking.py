"""Requests that tests make beside the page, over HTTP, as the apps' own clients would."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from cdk_streamer_local import LocalStack


def ask(office: LocalStack, action: str, payload: dict[str, Any], *, sub: str = "ann") -> str:
    """Submit an async request as somebody of acme, and give its id."""
    body = {"action": action, "payload": payload}
    request = urllib.request.Request(
        f"{office.http_url()}/requests",
        data=json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {office.token(sub=sub, tenant='acme')}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, context=office.tls, timeout=60) as answer:
        return json.loads(answer.read())["request_id"]
