"""Who may connect: named constructors, one for each way to tell."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from aws_cdk import (
    Duration,
    Token,
    aws_apigatewayv2 as apigatewayv2,
    aws_apigatewayv2_authorizers as authorizers,
    aws_lambda as lambda_,
)
from constructs import Construct

from cdk_streamer import _public_key
from cdk_streamer._assets import authorizer_code
from cdk_streamer._function import Defaults, Package, RuntimeFunction
from cdk_streamer_runtime.contract import AuthorizerEnvironment, EntryPoint

# No HS256 and its kin: whoever can check such a token can also make one.
ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
)  # fmt: skip
DEFAULT_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
LONGEST_LEEWAY_SECONDS = 300

_TIMEOUT = Duration.seconds(10)
# Importing cryptography is bound by the processor, which grows with the memory.
_MEMORY_SIZE = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What guards `$connect`."""

    authorizer: apigatewayv2.IWebSocketRouteAuthorizer
    function: lambda_.IFunction


class Auth(ABC):
    """A way to tell who connects. Make one with `Auth.jwt`; there is no unauthenticated one."""

    @staticmethod
    def jwt(
        *,
        issuer: str,
        audience: Sequence[str],
        jwks_url: str | None = None,
        public_key: str | None = None,
        algorithms: Sequence[str] | None = None,
        tenant_claim: str | None = "tenant",
        leeway: Duration | None = None,
        allow_query_token: bool = False,
    ) -> Auth:
        """Accept access tokens of one issuer.

        `issuer` and `audience` are compared as they are. Keys come from `jwks_url`, by default
        `<issuer>/.well-known/jwks.json`, or are the one PEM `public_key`. `algorithms` defaults to
        RS256, PS256, ES256 and EdDSA, or to what the public key can do. A token without
        `tenant_claim` is refused; None means that all callers are one tenant. `leeway` is for
        clocks that differ, 30 s by default. `allow_query_token` accepts `?token=` too, which
        proxies and browsers write into their logs.
        """
        _check_issuer(issuer)
        if jwks_url is not None and public_key is not None:
            raise ValueError("jwks_url and public_key exclude each other; leave one out")
        if jwks_url is None and public_key is None:
            jwks_url = f"{issuer.rstrip('/')}/.well-known/jwks.json"
        if jwks_url is not None:
            _check_jwks_url(jwks_url)
        return JwtAuth(
            issuer=issuer,
            audience=_audience(audience),
            jwks_url=jwks_url,
            public_key=public_key,
            algorithms=_algorithms(algorithms, public_key),
            tenant_claim=tenant_claim or "",
            leeway_seconds=_leeway(leeway),
            allow_query_token=allow_query_token,
        )

    @abstractmethod
    def bind(self, scope: Construct, *, name: str, defaults: Defaults) -> Gate:
        """Create in `scope` what this way needs; the construct that is given an Auth calls it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtAuth(Auth):
    """What `Auth.jwt` gives: checked settings of the authorizer function."""

    issuer: str
    audience: tuple[str, ...]
    jwks_url: str | None
    public_key: str | None
    algorithms: tuple[str, ...]
    tenant_claim: str
    leeway_seconds: int
    allow_query_token: bool

    def bind(self, scope: Construct, *, name: str, defaults: Defaults) -> Gate:
        """Create the authorizer function in `scope`."""
        authorizer = RuntimeFunction(
            scope,
            "Authorizer",
            description="Checks the token of whoever connects",
            entry_point=EntryPoint.AUTHORIZER,
            package=Package(
                code=authorizer_code(scope, defaults.architecture), memory_size=_MEMORY_SIZE
            ),
            environment=self._environment(name),
            timeout=_TIMEOUT,
            defaults=defaults,
        )
        return Gate(
            # No identity source: the default one is a header that no browser can send.
            authorizer=authorizers.WebSocketLambdaAuthorizer(
                "Authorizer", authorizer.function, identity_source=[]
            ),
            function=authorizer.function,
        )

    def _environment(self, name: str) -> AuthorizerEnvironment:
        return AuthorizerEnvironment(
            name=name,
            issuer=self.issuer,
            audience=",".join(self.audience),
            algorithms=",".join(self.algorithms),
            jwks_url=self.jwks_url,
            public_key=self.public_key,
            tenant_claim=self.tenant_claim,
            leeway_seconds=self.leeway_seconds,
            allow_query_token=self.allow_query_token,
        )


def _check_issuer(issuer: str) -> None:
    if Token.is_unresolved(issuer):
        return
    parts = urlsplit(issuer)
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(
            f"issuer must be an https URL without query and fragment, got {issuer!r}; "
            "it is the text of the token's iss claim"
        )


def _check_jwks_url(url: str) -> None:
    if Token.is_unresolved(url):
        return
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise ValueError(
            f"jwks_url must be an https URL without credentials, got {url!r}; "
            "keys over plain http could be anybody's"
        )


def _audience(audience: Sequence[str]) -> tuple[str, ...]:
    if isinstance(audience, str):
        raise ValueError(f"audience must be a list, got {audience!r}; use [{audience!r}]")  # noqa: TRY004 - as all bad arguments
    if not audience or any(not name.strip() or "," in name for name in audience):
        raise ValueError(
            f"audience must name at least one API, without commas, got {list(audience)!r}; "
            "it is the text of the token's aud claim"
        )
    return tuple(audience)


def _algorithms(algorithms: Sequence[str] | None, public_key: str | None) -> tuple[str, ...]:
    possible = ALGORITHMS if public_key is None else _public_key.algorithms_of(public_key)
    if algorithms is None:
        return DEFAULT_ALGORITHMS if public_key is None else possible
    if not algorithms or not set(algorithms) <= set(possible):
        raise ValueError(
            f"algorithms must be some of {', '.join(possible)}, got {list(algorithms)!r}; "
            "leave it out for a safe choice"
        )
    return tuple(algorithms)


def _leeway(leeway: Duration | None) -> int:
    if leeway is None:
        return 30
    seconds = None if leeway.is_unresolved() else leeway.to_seconds()
    if seconds is None or seconds > LONGEST_LEEWAY_SECONDS:
        raise ValueError(
            f"leeway must be at most {LONGEST_LEEWAY_SECONDS} seconds, got {leeway.to_string()}; "
            "use Duration.seconds(30)"
        )
    return int(seconds)
