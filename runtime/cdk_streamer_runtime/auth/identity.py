"""Who is behind a connection."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cdk_streamer_runtime.contract import AuthorizerContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who connects, until when (in seconds since the epoch), and what for."""

    tenant: str
    owner: str
    expires: int
    scopes: frozenset[str]

    @property
    def principal(self) -> str:
        """A name for access logs and traces, which should not tell who the owner is."""
        digest = hashlib.sha256()
        for part in (self.tenant.encode(), self.owner.encode()):
            digest.update(len(part).to_bytes(4, "big") + part)
        return digest.hexdigest()[:32]

    def to_context(self) -> dict[str, str]:
        """Write what API Gateway hands to every later message of the connection."""
        return {
            AuthorizerContext.TENANT.value: self.tenant,
            AuthorizerContext.OWNER.value: self.owner,
            AuthorizerContext.EXPIRES.value: str(self.expires),
            AuthorizerContext.SCOPES.value: " ".join(sorted(self.scopes)),
        }
