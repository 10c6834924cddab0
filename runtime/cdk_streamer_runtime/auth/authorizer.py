"""Decides who may call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cdk_streamer_runtime.auth import credential
from cdk_streamer_runtime.auth.claims import Rules
from cdk_streamer_runtime.auth.credential import Kind
from cdk_streamer_runtime.auth.denial import Denied, Reason
from cdk_streamer_runtime.auth.https_source import HttpsSource
from cdk_streamer_runtime.auth.identity import Identity
from cdk_streamer_runtime.auth.jwks import Jwks, KeySource, PinnedKey
from cdk_streamer_runtime.auth.keys import PublicKey
from cdk_streamer_runtime.auth.tickets import TicketStore
from cdk_streamer_runtime.auth.token import Token
from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract import AuthorizerEnvironment, AwsEnvironment


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorizer:
    """Accepts tokens of one issuer, and tickets that were given for such.

    `clock` gives milliseconds since the epoch. Without `tickets` none is accepted.
    """

    rules: Rules
    keys: KeySource
    clock: Callable[[], int]
    allow_query_token: bool = False
    tickets: TicketStore | None = None

    @classmethod
    def from_environment(
        cls,
        environment: AuthorizerEnvironment,
        settings: AwsEnvironment,
        aws: Aws,
        clock: Callable[[], int],
    ) -> Authorizer:
        """Make what the construct described; raises ValueError for what would be unsafe."""
        return cls(
            rules=Rules.from_environment(environment),
            keys=_keys(environment, settings, clock),
            clock=clock,
            allow_query_token=environment.allow_query_token,
            tickets=TicketStore.from_environment(environment, aws),
        )

    def identify(self, event: Mapping[str, object]) -> Identity:
        """Tell who calls; raises Denied for everybody who does not prove it."""
        shown = credential.find(
            event,
            allow_query_token=self.allow_query_token,
            allow_ticket=self.tickets is not None,
        )
        if self.tickets is not None and shown.kind is Kind.TICKET:
            return self.tickets.redeem(shown.text, self.clock())
        return self.accept(shown.text)

    def accept(self, text: str) -> Identity:
        """Tell whom a token proves; raises Denied if it proves nobody.

        Claims come before the key, so that only a token which looks like one of this issuer's
        can cause a look at its keys. Nothing of it is used before the signature is right.
        """
        token = Token.parse(text)
        if token.algorithm not in self.rules.algorithms:
            raise Denied(Reason.ALGORITHM)
        identity = self.rules.identify(token.claims, self.clock() // 1000)
        self.keys.find(token).verify(token)
        return identity


def _keys(
    environment: AuthorizerEnvironment, settings: AwsEnvironment, clock: Callable[[], int]
) -> KeySource:
    match environment.jwks_url, environment.public_key:
        case str() as url, None:
            return Jwks(HttpsSource(url, ca_bundle=settings.ca_bundle), clock)
        case None, str() as pem:
            return PinnedKey(PublicKey.from_pem(pem))
        case _:
            raise ValueError("set jwks_url or public_key in Auth.jwt(...), and not both")
