"""Access tokens of one issuer, checked by a function of ours."""

from __future__ import annotations

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

from cdk_streamer._auth.gate import Authorizer, Gate
from cdk_streamer._auth.public_key import algorithms_of
from cdk_streamer._code.assets import authorizer_code
from cdk_streamer._code.package import Package
from cdk_streamer._resources.function import Defaults, RuntimeFunction
from cdk_streamer_runtime.contract import AuthorizerEnvironment, CallerRules, EntryPoint

# No HS256 and its kin: whoever can check such a token can also make one.
ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
)  # fmt: skip
DEFAULT_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
LONGEST_LEEWAY_SECONDS = 300

_TIMEOUT = Duration.seconds(10)
# Importing cryptography is bound by the processor, which grows with the memory.
_MEMORY_SIZE = 512
# API Gateway's answers are kept for this long; the functions check the token's end themselves.
_CACHE = Duration.minutes(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtWay:
    """Checked settings of the authorizer function."""

    issuer: str
    audience: tuple[str, ...]
    jwks_url: str | None
    public_key: str | None
    algorithms: tuple[str, ...]
    tenant_claim: str
    leeway_seconds: int
    allow_query_token: bool
    native_http: bool

    @classmethod
    def read(
        cls,
        *,
        issuer: str,
        audience: Sequence[str],
        jwks_url: str | None,
        public_key: str | None,
        algorithms: Sequence[str] | None,
        tenant_claim: str | None,
        leeway: Duration | None,
        allow_query_token: bool,
        native_http: bool,
    ) -> JwtWay:
        """Check what the user gave; raises ValueError with the remedy."""
        _check_issuer(issuer)
        if jwks_url is not None and public_key is not None:
            raise ValueError("jwks_url and public_key exclude each other; leave one out")
        if native_http and (jwks_url is not None or public_key is not None):
            raise ValueError(
                "native_http finds the keys by the issuer's discovery document alone; "
                "leave jwks_url and public_key out, or native_http"
            )
        if jwks_url is None and public_key is None:
            jwks_url = f"{issuer.rstrip('/')}/.well-known/jwks.json"
        if jwks_url is not None:
            _check_jwks_url(jwks_url)
        accepted = _algorithms(algorithms, public_key)
        if native_http and not any(name.startswith("RS") for name in accepted):
            raise ValueError(
                f"native_http knows RS256, RS384 and RS512, got algorithms {list(accepted)!r}; "
                "leave native_http out"
            )
        return cls(
            issuer=issuer,
            audience=_audience(audience),
            jwks_url=jwks_url,
            public_key=public_key,
            algorithms=accepted,
            tenant_claim=tenant_claim or "",
            leeway_seconds=_leeway(leeway),
            allow_query_token=allow_query_token,
            native_http=native_http,
        )

    def bind(self, scope: Construct, *, name: str, defaults: Defaults) -> Gate:
        """Create the authorizer function in `scope`."""
        environment = self._environment(name)
        authorizer = RuntimeFunction(
            scope,
            "Authorizer",
            description="Checks the token of whoever calls",
            entry_point=EntryPoint.AUTHORIZER,
            package=Package(
                code=authorizer_code(scope, defaults.architecture), memory_size=_MEMORY_SIZE
            ),
            environment=environment,
            timeout=_TIMEOUT,
            defaults=defaults,
        )
        return Gate(
            # No identity source: the default one is a header that no browser can send.
            socket=authorizers.WebSocketLambdaAuthorizer(
                "Authorizer", authorizer.function, identity_source=[]
            ),
            http=self._http(authorizer.function),
            callers=self._callers(),
            function=authorizer.function,
            authorizer=Authorizer(function=authorizer, environment=environment),
        )

    def _callers(self) -> str | None:
        if not self.native_http:
            return None  # our authorizer says all that there is to know
        return CallerRules(tenant_claim=self.tenant_claim).to_text()

    def _http(self, function: lambda_.IFunction) -> apigatewayv2.IHttpRouteAuthorizer:
        if self.native_http:
            return authorizers.HttpJwtAuthorizer(
                "Authorizer", self.issuer, jwt_audience=list(self.audience)
            )
        return authorizers.HttpLambdaAuthorizer(
            "Authorizer",
            function,
            response_types=[authorizers.HttpLambdaResponseType.SIMPLE],
            identity_source=["$request.header.Authorization"],
            results_cache_ttl=_CACHE,
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
    possible = ALGORITHMS if public_key is None else algorithms_of(public_key)
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
