"""Callers who sign with AWS credentials, checked by API Gateway itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Token, aws_apigatewayv2_authorizers as authorizers
from constructs import Construct

from cdk_streamer._auth.gate import Gate
from cdk_streamer._resources.function import Defaults
from cdk_streamer_runtime.contract import CallerRules

_PRINCIPAL = re.compile(r"arn:[^:]+:iam::\d{12}:(role|user)/\S+")
# RFC 6749, section 3.3
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,128}")
# Lambda holds 4 KB for all variables of a function together.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_LONGEST = 2_048


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedWay:
    """What principals may do beyond calling."""

    scopes: Mapping[str, str]

    @classmethod
    def read(cls, scopes: Mapping[str, Sequence[str]] | None) -> SignedWay:
        """Check what the user gave; raises ValueError with the remedy."""
        way = cls(scopes={arn: _scopes(arn, granted) for arn, granted in (scopes or {}).items()})
        if len(way.callers) > _LONGEST:
            raise ValueError(
                f"scopes must fit into {_LONGEST} characters, got {len(way.callers)}; "
                "let several principals assume one role"
            )
        return way

    @property
    def callers(self) -> str:
        """What the functions read."""
        return CallerRules(signed=True, scopes=self.scopes).to_text()

    def bind(self, scope: Construct, *, name: str, defaults: Defaults) -> Gate:
        """Create nothing: API Gateway knows how."""
        del scope, name, defaults
        return Gate(
            socket=authorizers.WebSocketIamAuthorizer(),
            http=authorizers.HttpIamAuthorizer(),
            callers=self.callers,
        )


def _scopes(arn: str, granted: Sequence[str]) -> str:
    if not Token.is_unresolved(arn) and _PRINCIPAL.fullmatch(arn) is None:
        raise ValueError(
            f"scopes must be keyed by ARNs of IAM roles and users, got {arn!r}; use role.role_arn"
        )
    if isinstance(granted, str) or not all(_SCOPE.fullmatch(scope) for scope in granted):
        raise ValueError(f"scopes of {arn!r} must be a list of words, got {granted!r}")
    return " ".join(granted)
