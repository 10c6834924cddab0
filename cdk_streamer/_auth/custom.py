"""Callers whom a function of the user's own tells apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import (
    Duration,
    aws_apigatewayv2_authorizers as authorizers,
    aws_lambda as lambda_,
)
from constructs import Construct

from cdk_streamer._auth.gate import Gate
from cdk_streamer._resources.function import Defaults

_HEADER = "$request.header.Authorization"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomWay:
    """The user's function, asked at `$connect` and before each HTTP request."""

    function: lambda_.IFunction
    identity_source: tuple[str, ...]

    @classmethod
    def read(cls, function: lambda_.IFunction, identity_source: Sequence[str] | None) -> CustomWay:
        """Check what the user gave; raises ValueError with the remedy."""
        sources = (_HEADER,) if identity_source is None else tuple(identity_source)
        if isinstance(identity_source, str) or not all(
            source.startswith(("$request.", "$context.", "$stageVariables.")) for source in sources
        ):
            raise ValueError(
                f"http_identity_source must be a list like [{_HEADER!r}], got {identity_source!r}"
            )
        return cls(function=function, identity_source=sources)

    def bind(self, scope: Construct, *, name: str, defaults: Defaults) -> Gate:
        """Create nothing but permissions; those come with the first route."""
        del scope, name, defaults
        return Gate(
            socket=authorizers.WebSocketLambdaAuthorizer(
                "Authorizer", self.function, identity_source=[]
            ),
            http=authorizers.HttpLambdaAuthorizer(
                "Authorizer",
                self.function,
                # A policy, which is all that `$connect` takes: so one function answers both.
                response_types=[authorizers.HttpLambdaResponseType.IAM],
                identity_source=list(self.identity_source),
                # A policy for one route, if it were kept, would refuse the others.
                results_cache_ttl=Duration.seconds(0),
            ),
            function=self.function,
        )
