"""Who calls: read from what API Gateway says of an event, and never from what a client sent."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from cdk_streamer_runtime.contract import (
    CONNECTION_SECONDS,
    ONLY_TENANT,
    AuthorizerContext,
    CallerRules,
    ErrorCode,
)
from cdk_streamer_runtime.errors import Rejection

logger = logging.getLogger(__name__)

_TEXT_LENGTH = 256
# What a role's sessions have before the colon: the id that a new role of its name does not get.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
_ROLE_SESSION = re.compile(r"(AROA[A-Z0-9]+):.+", re.ASCII)
_ROLE_ARN = re.compile(r"arn:[^:]+:(?:sts|iam)::(\d+):(?:assumed-role|role)/(.+)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks. `expires` is in seconds since the epoch."""

    tenant: str
    owner: str
    expires: int
    scopes: frozenset[str] = frozenset()

    @classmethod
    def from_context(cls, context: Mapping[str, Any], default_expires: int = 0) -> Caller:
        """Read what the authorizer passed on; raises Rejection when it named nobody.

        Values of the user's own authorizer may be numbers. One without `expires` knows no end, so
        its callers last for `default_expires`.
        """
        expires = context.get(AuthorizerContext.EXPIRES)
        return cls(
            tenant=_text(context, AuthorizerContext.TENANT),
            owner=_text(context, AuthorizerContext.OWNER),
            expires=default_expires if expires is None else _seconds(expires),
            scopes=frozenset(str(context.get(AuthorizerContext.SCOPES) or "").split()),
        )


# Its time was over before it came, so whatever hears it ends the conversation.
NOBODY = Caller(tenant="", owner="", expires=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Callers:
    """Reads the caller of `$connect` and HTTP events. API Gateway wrote all that it looks at.

    What AWS_IAM found is believed where the construct says so: elsewhere nobody has checked it.
    """

    rules: CallerRules

    @classmethod
    def from_text(cls, text: str | None) -> Callers:
        """Take the rules of a function's environment."""
        return cls(rules=CallerRules.from_text(text))

    def of(self, event: Mapping[str, Any]) -> Caller:
        """Tell who calls; raises Rejection when API Gateway named nobody."""
        request: Mapping[str, Any] = event["requestContext"]
        context: Mapping[str, Any] = request.get("authorizer") or {}
        latest = latest_end(request)
        if "http" in request:
            return self._of_http(context, latest)
        if self.rules.signed:
            return self._of_principal(_of_socket(request.get("identity") or {}), latest)
        return Caller.from_context(context, latest)

    def _of_http(self, context: Mapping[str, Any], latest: int) -> Caller:
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
        if "jwt" in context:
            return self._of_claims(context["jwt"].get("claims") or {})
        if "iam" in context and self.rules.signed:
            return self._of_principal(_of_http(context["iam"]), latest)
        return Caller.from_context(context.get("lambda") or {}, latest)

    def _of_claims(self, claims: Mapping[str, Any]) -> Caller:
        # API Gateway writes every claim as text, a list as "[a b]".
        claim = self.rules.tenant_claim
        if claim and _text(claims, claim).startswith("["):
            _refuse("the tenant claim is a list")
        return Caller(
            tenant=_text(claims, claim) if claim else ONLY_TENANT,
            owner=_text(claims, "sub"),
            expires=_seconds(claims.get("exp")),
            scopes=frozenset(_claimed_scopes(claims)),
        )

    def _of_principal(self, principal: _Principal, latest: int) -> Caller:
        if not principal.account or not principal.owner:
            _refuse("the event names no caller")
        return Caller(
            tenant=principal.account,
            owner=principal.owner,
            expires=latest,
            scopes=frozenset(self._scopes_of(principal.arn).split()),
        )

    def _scopes_of(self, arn: str) -> str:
        scopes = {_plain(known): scopes for known, scopes in self.rules.scopes.items()}
        return scopes.get(_plain(arn), "")


def latest_end(request: Mapping[str, Any]) -> int:
    """Give when a caller without an end of its own ends: with the longest connection."""
    # A socket's, an HTTP API's and a REST API's name for it.
    began = (
        request.get("connectedAt")
        or request.get("timeEpoch")
        or request.get("requestTimeEpoch")
        or 0
    )
    return int(began) // 1000 + CONNECTION_SECONDS


def _claimed_scopes(claims: Mapping[str, Any]) -> list[str]:
    text = str(claims.get("scope") or claims.get("scp") or "")
    is_list = text.startswith("[") and text.endswith("]")
    return text[1:-1].split() if is_list else text.split()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Principal:
    """Whom AWS_IAM has found behind a signature."""

    account: str
    owner: str
    arn: str

    @classmethod
    def read(cls, account: object, caller: object, arn: object, cognito: object) -> _Principal:
        # All users of an identity pool have one role, so there it is the identity that tells.
        session = _ROLE_SESSION.fullmatch(str(caller or ""))
        owner = cognito or (session[1] if session else caller)
        return cls(account=str(account or ""), owner=str(owner or ""), arn=str(arn or ""))


def _of_socket(identity: Mapping[str, Any]) -> _Principal:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
    return _Principal.read(
        identity.get("accountId"),
        identity.get("caller"),
        identity.get("userArn"),
        identity.get("cognitoIdentityId"),
    )


def _of_http(identity: Mapping[str, Any]) -> _Principal:
    cognito: Mapping[str, Any] = identity.get("cognitoIdentity") or {}
    return _Principal.read(
        identity.get("accountId"),
        identity.get("callerId"),
        identity.get("userArn"),
        cognito.get("identityId"),
    )


def _plain(arn: str) -> str:
    """Give an ARN that a role and its sessions share; a session's has no path."""
    role = _ROLE_ARN.fullmatch(arn)
    if role is None:
        return arn
    names = role[2].split("/")
    return f"role:{role[1]}:{names[0] if ':assumed-role/' in arn else names[-1]}"


def _text(context: Mapping[str, Any], name: str) -> str:
    value = context.get(name)
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not 0 < len(text) <= _TEXT_LENGTH or not text.isprintable():
        _refuse(f"the authorizer gave no usable {str(name)!r}")
    return text


def _seconds(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        _refuse("the authorizer gave no usable 'expires'")


def _refuse(reason: str) -> NoReturn:
    # The reason is a fixed text: what the authorizer did give may be anything.
    logger.warning("caller not known", extra={"reason": reason})
    raise Rejection(ErrorCode.UNAUTHORIZED, "nobody is known to call; connect with a credential")
