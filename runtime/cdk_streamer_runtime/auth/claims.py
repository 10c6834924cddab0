"""What a token must claim before its claims name anybody."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from cdk_streamer_runtime.auth.denial import Denied, Reason
from cdk_streamer_runtime.auth.identity import Identity
from cdk_streamer_runtime.contract import ONLY_TENANT, AuthorizerEnvironment

# No HS*: whoever can check such a token can also make one.
ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)

_TEXT_LENGTH = 256
_LATEST = 253_402_300_799  # the year 9999; milliseconds taken for seconds lie beyond it
_LONGEST_LEEWAY = 300

# RFC 6749, section 3.3
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,128}")

# Tokens of the same issuer and key that are meant for other eyes (RFC 8725, section 3.12).
_ID_TOKEN_CLAIMS = frozenset({
    "nonce", "at_hash", "c_hash", "s_hash",  # ID tokens: OpenID Connect Core 2 and 3.3.2.11, FAPI
    "events",  # logout tokens and other security events: RFC 8417, section 2.2
})  # fmt: skip
# Keycloak's claim `typ`, and Cognito's `token_use`, which is "access" or "id"
_OTHER_TYPES = frozenset({"id", "refresh", "offline", "logout"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What an accepted token says; raises ValueError for rules that would accept too much.

    An empty `tenant_claim` means that the API has one tenant; otherwise a token without the
    claim is refused, since it would share that one tenant with every other such token.
    """

    issuer: str
    audience: frozenset[str]
    algorithms: frozenset[str]
    tenant_claim: str
    leeway_seconds: int

    def __post_init__(self) -> None:
        if not self.issuer or not self.audience or "" in self.audience:
            raise ValueError("issuer and audience must not be empty; set both in Auth.jwt(...)")
        if not self.algorithms or not self.algorithms <= ALGORITHMS:
            raise ValueError(
                f"algorithms must be some of {sorted(ALGORITHMS)}, got {sorted(self.algorithms)}"
            )
        if not 0 <= self.leeway_seconds <= _LONGEST_LEEWAY:
            raise ValueError(
                f"leeway must be 0 to {_LONGEST_LEEWAY} seconds, got {self.leeway_seconds!r}"
            )

    @classmethod
    def from_environment(cls, environment: AuthorizerEnvironment) -> Rules:
        """Read the rules that the construct wrote."""
        return cls(
            issuer=environment.issuer,
            audience=frozenset(environment.audience.split(",")),
            algorithms=frozenset(environment.algorithms.split(",")),
            tenant_claim=environment.tenant_claim,
            leeway_seconds=environment.leeway_seconds,
        )

    def identify(self, claims: Mapping[str, object], now: int) -> Identity:
        """Tell whom the claims name; raises Denied if they are not fit for this API.

        `now` is in seconds since the epoch.
        """
        if claims.get("iss") != self.issuer:
            raise Denied(Reason.ISSUER)
        self._check_audience(claims.get("aud"))
        _check_purpose(claims)
        return Identity(
            tenant=self._tenant(claims),
            owner=_text(claims.get("sub"), Reason.SUBJECT),
            expires=self._expiry(claims, now),
            scopes=_scopes(claims),
        )

    def _check_audience(self, audience: object) -> None:
        if isinstance(audience, str):
            audience = [audience]
        if not isinstance(audience, list):
            raise Denied(Reason.AUDIENCE)
        names = cast("list[object]", audience)
        if not all(isinstance(name, str) for name in names) or self.audience.isdisjoint(names):
            raise Denied(Reason.AUDIENCE)

    def _tenant(self, claims: Mapping[str, object]) -> str:
        if not self.tenant_claim:
            return ONLY_TENANT
        return _text(claims.get(self.tenant_claim), Reason.TENANT)

    def _expiry(self, claims: Mapping[str, object], now: int) -> int:
        # No leeway here: the context carries `exp`, and a connection past it would be closed at
        # its first message.
        expires, issued = _date(claims.get("exp")), _date(claims.get("iat"))
        valid_from = _date(claims["nbf"]) if "nbf" in claims else issued
        if issued >= expires:
            raise Denied(Reason.DATES)
        if now >= expires:
            raise Denied(Reason.EXPIRED)
        if max(issued, valid_from) > now + self.leeway_seconds:
            raise Denied(Reason.NOT_YET_VALID)
        return expires


def _check_purpose(claims: Mapping[str, object]) -> None:
    kinds = (claims.get("typ"), claims.get("token_use"))
    if not claims.keys().isdisjoint(_ID_TOKEN_CLAIMS) or any(
        isinstance(kind, str) and kind.lower() in _OTHER_TYPES for kind in kinds
    ):
        raise Denied(Reason.NOT_ACCESS_TOKEN)


def _text(value: object, reason: Reason) -> str:
    if (
        not isinstance(value, str)
        or not 0 < len(value) <= _TEXT_LENGTH
        or not value.isprintable()
        or value != value.strip()
    ):
        raise Denied(reason)
    return value


def _date(value: object) -> int:
    # By exact type: True is an int, and 1e12 or 1.5 are not whole seconds in every reader.
    if type(value) is not int or not 0 < value <= _LATEST:
        raise Denied(Reason.DATES)
    return value


def _scopes(claims: Mapping[str, object]) -> frozenset[str]:
    """Read `scope` (RFC 8693, a string) and `scp` (Okta: a list, Entra: a string)."""
    written = [
        frozenset(_scope_names(claims[name], lists=lists))
        for name, lists in (("scope", False), ("scp", True))
        if name in claims
    ]
    if len(set(written)) > 1:
        raise Denied(Reason.SCOPES)
    return written[0] if written else frozenset()


def _scope_names(value: object, *, lists: bool) -> list[str]:
    if isinstance(value, str):
        names: list[object] = [*value.split(" ")] if value else []
    elif lists and isinstance(value, list):
        names = cast("list[object]", value)
    else:
        raise Denied(Reason.SCOPES)
    scopes = [name for name in names if isinstance(name, str) and _SCOPE.fullmatch(name)]
    if len(scopes) < len(names):
        raise Denied(Reason.SCOPES)
    return scopes
