"""Tokens as the app's real issuer would make them, signed by the development issuer."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from cdk_streamer_local.errors import BadArgument
from cdk_streamer_local.tokens.keys import SigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Whom a token names. `tenant_claim` is what the authorizer calls the tenant, "" for none."""

    issuer: str
    audience: str
    subject: str
    tenant: str | None = None
    tenant_claim: str = "tenant"
    scopes: Sequence[str] = ()
    seconds: int = 3600


def mint(key: SigningKey, claims: Claims) -> str:
    """Sign a token; a negative lifetime gives one that has expired."""
    import jwt

    now = int(time.time())
    # Never issued after it expired: such a token would be refused for another reason.
    issued = min(now, now + claims.seconds - 1)
    members: dict[str, object] = {
        "iss": claims.issuer,
        "aud": claims.audience,
        "sub": claims.subject,
        "iat": issued,
        "exp": now + claims.seconds,
        "jti": uuid.uuid4().hex,
    }
    if claims.scopes:
        members["scope"] = " ".join(claims.scopes)
    if claims.tenant is not None:
        if not claims.tenant_claim:
            raise BadArgument(
                f"the API has one tenant, so no token can name {claims.tenant!r}",
                remedy="leave the tenant out",
            )
        members[claims.tenant_claim] = claims.tenant
    return jwt.encode(
        members, key.private, algorithm=key.algorithm, headers={"kid": key.id, "typ": "JWT"}
    )
