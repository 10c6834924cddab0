"""What the page is let in with, as anybody that an API's authorizer would believe."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from cdk_streamer_local.cloud.users import CALLING, DEVELOPER, Credentials, credentials
from cdk_streamer_local.console.panel import Body, Refused
from cdk_streamer_local.console.panels.requests.apis import ProgressApi
from cdk_streamer_local.console.running import Running

_TOKEN_SECONDS = 3600
_URL_SECONDS = 60


class Doorkeeper:
    """Gives what a socket is opened with; keeps the one key of the user who signs."""

    def __init__(self) -> None:
        self._keys: dict[str, Credentials] = {}

    def credential(self, running: Running, api: ProgressApi, body: Body) -> Mapping[str, Any]:
        """Give a `token` of this `sub`, `tenant` and `scopes`, or a signed `url`; raises Refused.

        Where callers sign, all are the user `developer`: a key names its user, and nobody else's
        is here.
        """
        if api.issuer is not None:
            return {"token": _token(running, api, body)}
        if not api.is_signed:
            raise Refused(
                f"{api.name} has an authorizer of its own, which nobody here can make a "
                "credential for; use a client of yours"
            )
        key = self._key(api)
        wanted = body.get("sub")
        if wanted and wanted not in {key.user_id, DEVELOPER}:
            raise Refused(
                f"callers of {api.name} sign, and the key of {wanted!r} is not here; "
                f"the console acts as {DEVELOPER!r} alone"
            )
        return {"url": _signed(api, key)}

    def _key(self, api: ProgressApi) -> Credentials:
        services = api.stack.services
        if services.account not in self._keys:
            made = credentials(services, DEVELOPER, CALLING, ["*"])
            self._keys[services.account] = made
        return self._keys[services.account]


def _token(running: Running, api: ProgressApi, body: Body) -> str:
    tenant = body.get("tenant")
    return running.record.token(
        running.state,
        sub=str(body.get("sub") or "") or None,
        tenant=str(tenant) if tenant and api.has_tenants else None,
        scopes=[str(scope) for scope in body.get("scopes") or ()],
        expires=_TOKEN_SECONDS,
        issuer=api.issuer,
    )


def _signed(api: ProgressApi, key: Credentials) -> str:
    """Give the address with a signature in its query: a browser can send no header."""
    auth: Any = importlib.import_module("botocore.auth")  # takes long, and has no types
    request: Any = importlib.import_module("botocore.awsrequest").AWSRequest(
        method="GET", url=urlsplit(api.plain_url)._replace(scheme="http").geturl()
    )
    of_user: Any = importlib.import_module("botocore.credentials").Credentials(
        key.access_key, key.secret_key
    )
    signer = auth.SigV4QueryAuth(
        of_user, "execute-api", api.stack.services.region, expires=_URL_SECONDS
    )
    signer.add_auth(request)
    return urlsplit(str(request.url))._replace(scheme="ws").geturl()
