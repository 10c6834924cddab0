"""`.cdk-streamer/local.json`: what runs here, for other commands of the same app."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from cdk_streamer_local.cloud.apis import Api
from cdk_streamer_local.cloud.assembly import DEFAULT_ACCOUNT, DEFAULT_REGION
from cdk_streamer_local.cloud.services import Services
from cdk_streamer_local.cloud.synthesis import STATE_FOLDER
from cdk_streamer_local.errors import BadArgument, NotRunning
from cdk_streamer_local.extra import require_extra
from cdk_streamer_local.tokens.keys import signing_key
from cdk_streamer_local.tokens.token import Claims, mint

FILE = "local.json"
KEYS_FOLDER = "keys"

# Who a token names when nobody says it.
SUBJECT = "developer"
TENANT = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """What one authorizer wants to read in a token; `audience` and `algorithms` as it has them."""

    issuer: str
    audience: str
    algorithms: str
    tenant_claim: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a stack is in the engine."""

    stack: str
    account: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One running command. `outputs` are by stack and key, with addresses of this machine.

    `console` is the address of its page, if there is one.
    """

    pid: int
    endpoint: str
    ca_bundle: str
    sockets: Sequence[Api]
    http_apis: Sequence[Api]
    rest_apis: Sequence[Api]
    outputs: Mapping[str, Mapping[str, str]]
    audiences: Sequence[Audience]
    places: Sequence[Place] = ()
    console: str | None = None

    def write(self, state: Path) -> None:
        """Store it, whole or not at all."""
        partial = state / f"{FILE}.{os.getpid()}"
        partial.touch(mode=0o600)
        partial.write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n")
        partial.replace(state / FILE)

    @classmethod
    def read(cls, state: Path) -> Record | None:
        """Give the record of a command that still lives."""
        try:
            members = cast("dict[str, Any]", json.loads((state / FILE).read_text()))
            for apis in ("sockets", "http_apis", "rest_apis"):
                members[apis] = [Api(**api) for api in members[apis]]
            members["audiences"] = [Audience(**audience) for audience in members["audiences"]]
            members["places"] = [Place(**place) for place in members["places"]]
            record = cls(**members)
        except (OSError, ValueError, KeyError, TypeError):  # none, or of another release
            return None
        return record if _lives(record.pid) else None

    @staticmethod
    def remove(state: Path) -> None:
        """Forget it."""
        (state / FILE).unlink(missing_ok=True)

    @property
    def services(self) -> Services:
        """Give clients of the engine, for the account and region that a template need not name."""
        return self.services_of(DEFAULT_ACCOUNT, DEFAULT_REGION)

    def services_of(self, account: str, region: str) -> Services:
        """Give clients of the engine for an account and region."""
        return Services(
            endpoint=self.endpoint,
            bundle=Path(self.ca_bundle),
            account=account,
            region=region,
        )

    def socket_url(self, name: str | None = None) -> str:
        """Give the address of the only socket, or of the one whose path ends with `name`."""
        return _api(self.sockets, name, "socket", "the app has no WebSocket API").url

    def plain_socket_url(self, name: str | None = None) -> str:
        """Give the same without TLS, for a browser, which distrusts the certificate."""
        return _api(self.sockets, name, "socket", "the app has no WebSocket API").plain_url

    def http_url(self, name: str | None = None) -> str:
        """Give the address of the only HTTP API, or of the one whose path ends with `name`."""
        return _api(self.http_apis, name, "HTTP API", "the app has no HTTP API").url

    def rest_url(self, name: str | None = None) -> str:
        """Give the address of the only REST API, or of the one whose path ends with `name`."""
        return _api(self.rest_apis, name, "REST API", "the app has no REST API").url

    def token(
        self,
        state: Path,
        *,
        sub: str | None = None,
        tenant: str | None = None,
        scopes: Sequence[str] = (),
        expires: int = 3600,
        issuer: str | None = None,
    ) -> str:
        """Mint a token that an authorizer of this app accepts; `issuer` chooses among several."""
        require_extra()
        audience = self._audience(issuer)
        if tenant is None and audience.tenant_claim:
            tenant = TENANT
        claims = Claims(
            issuer=audience.issuer,
            audience=audience.audience.partition(",")[0],
            subject=sub or SUBJECT,
            tenant=tenant,
            tenant_claim=audience.tenant_claim,
            scopes=scopes,
            seconds=expires,
        )
        return mint(signing_key(state / KEYS_FOLDER, audience.algorithms), claims)

    def _audience(self, issuer: str | None) -> Audience:
        found = [audience for audience in self.audiences if issuer in {None, audience.issuer}]
        if len(found) == 1:
            return found[0]
        if not self.audiences:
            raise BadArgument(
                "no authorizer of this app checks tokens", remedy="use Auth.jwt(...) on a socket"
            )
        issuers = ", ".join(sorted(audience.issuer for audience in self.audiences))
        wanted = "no issuer was named" if issuer is None else f"{issuer!r} is no issuer here"
        raise BadArgument(wanted, remedy=f"name one of: {issuers}")


def running(place: Path) -> tuple[Record, Path]:
    """Find the record in this folder or above it, and its folder; raises NotRunning."""
    start = place.resolve()
    for folder in (start, *start.parents):
        state = folder / STATE_FOLDER
        record = Record.read(state)
        if record is not None:
            return record, state
    raise NotRunning(
        f"nothing runs for an app in {str(start)!r}",
        remedy="run `cdk-streamer local` there in another terminal",
    )


def _api(apis: Sequence[Api], name: str | None, kind: str, none: str) -> Api:
    found = [
        api
        for api in apis
        if name is None or f"/{api.name}".endswith(f"/{name}") or f"/{name}/" in f"/{api.name}"
    ]
    if len(found) == 1:
        return found[0]
    if not apis:
        raise BadArgument(none, remedy="add one, or pass --url")
    names = ", ".join(sorted(api.name for api in apis))
    wanted = f"no {kind} was named" if name is None else f"{name!r} names {len(found)} {kind}s"
    raise BadArgument(wanted, remedy=f"name one of: {names}")


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
