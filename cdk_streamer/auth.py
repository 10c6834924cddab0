"""Who may call: named constructors, one for each way to tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from aws_cdk import Duration, aws_lambda as lambda_
from constructs import Construct

from cdk_streamer._auth.custom import CustomWay
from cdk_streamer._auth.jwt import JwtWay
from cdk_streamer._auth.signed import SignedWay

if TYPE_CHECKING:
    from cdk_streamer._auth.gate import Gate, Way
    from cdk_streamer._resources.function import Defaults


class Auth:
    """A way to tell who calls, for `jwt`, `iam` or `custom`; there is no unauthenticated one."""

    def __init__(self, way: Way) -> None:
        self._way = way

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
        native_http: bool = False,
    ) -> Auth:
        """Accept access tokens of one issuer.

        `issuer` and `audience` are compared as they are. Keys come from `jwks_url`, by default
        `<issuer>/.well-known/jwks.json`, or are the one PEM `public_key`. `algorithms` defaults to
        RS256, PS256, ES256 and EdDSA, or to what the public key can do. A token without
        `tenant_claim` is refused; None means that all callers are one tenant. `leeway` is for
        clocks that differ, 30 s by default. `allow_query_token` accepts `?token=` too, which
        proxies and browsers write into their logs. `native_http` lets API Gateway's own authorizer
        check tokens over HTTP, which saves an invocation and is less strict: RSA alone, and keys
        by the issuer's discovery document. A PeriodicTimer always asks ours.
        """
        return Auth(
            JwtWay.read(
                issuer=issuer,
                audience=audience,
                jwks_url=jwks_url,
                public_key=public_key,
                algorithms=algorithms,
                tenant_claim=tenant_claim,
                leeway=leeway,
                allow_query_token=allow_query_token,
                native_http=native_http,
            )
        )

    @staticmethod
    def iam(*, scopes: Mapping[str, Sequence[str]] | None = None) -> Auth:
        """Accept who signs with AWS credentials and has `execute-api:Invoke`.

        The tenant is the account, the owner the role or user, by the id that IAM never gives
        again; users of a Cognito identity pool are told apart. `scopes` are those of roles and
        users, by their ARNs; nobody else has any.
        """
        return Auth(SignedWay.read(scopes))

    @staticmethod
    def custom(
        function: lambda_.Function | lambda_.IFunction,
        *,
        http_identity_source: Sequence[str] | None = None,
    ) -> Auth:
        """Accept whom a Lambda authorizer of your own accepts, for `$connect` and HTTP alike.

        It answers with a policy (payload format 1.0) whose context has `tenant` and `owner`, and
        may have `expires` in seconds since the epoch and `scopes`, space separated. Without
        `http_identity_source`, by default the header `Authorization`, an HTTP request is refused
        before the function is asked. Its answers are not kept.
        """
        return Auth(CustomWay.read(cast("lambda_.IFunction", function), http_identity_source))

    def bind(self, scope: Construct, *, name: str, defaults: Defaults) -> Gate:
        """Create in `scope` what this way needs; the construct that is given an Auth calls it."""
        return self._way.bind(scope, name=name, defaults=defaults)
