"""Finds what a caller shows in the event of an authorizer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import cast

from cdk_streamer_runtime.auth.denial import Denied, Reason
from cdk_streamer_runtime.contract import (
    BEARER_SUBPROTOCOL_PREFIX,
    PROTOCOL,
    TICKET_SUBPROTOCOL_PREFIX,
)

# RFC 6750, section 2.1; the scheme in any case: RFC 9110, section 11.1
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.ASCII | re.IGNORECASE)

TOKEN_PARAMETER = "token"  # noqa: S105 - the name of a query parameter
TICKET_PARAMETER = "ticket"


class Kind(StrEnum):
    """What a caller can show."""

    TOKEN = "token"  # noqa: S105 - a word
    TICKET = "ticket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """The one thing that a caller shows; nothing of it is proven yet."""

    kind: Kind
    text: str = field(repr=False)


def is_http(event: object) -> bool:
    """Tell an HTTP API's event, of format 2.0, from that of a `$connect`.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
    """
    members = _mapping(event)
    return "version" in members and members["version"] == "2.0"


def find(
    event: Mapping[str, object], *, allow_query_token: bool, allow_ticket: bool = False
) -> Credential:
    """Give the one credential that the caller shows; raises Denied for none and for several.

    Over HTTP that is a bearer token alone: API Gateway keeps an answer for a minute, which would
    make a ticket good for more than once.
    """
    if is_http(event):
        return _only(map(_bearer, _headers(event).get("authorization", [])))
    query = _values(event, "queryStringParameters", "multiValueQueryStringParameters")
    tokens, tickets = query.get(TOKEN_PARAMETER, []), query.get(TICKET_PARAMETER, [])
    if tokens and not allow_query_token:
        raise Denied(Reason.QUERY_TOKEN)
    headers = _headers(event)
    found = [
        *(Credential(kind=Kind.TOKEN, text=token) for token in tokens),
        *(Credential(kind=Kind.TICKET, text=ticket) for ticket in tickets),
        *map(_bearer, headers.get("authorization", [])),
        *_offered(headers.get("sec-websocket-protocol", [])),
    ]
    if not allow_ticket and any(each.kind is Kind.TICKET for each in found):
        raise Denied(Reason.TICKETS)
    return _only(found)


def _only(found: Iterable[Credential]) -> Credential:
    credentials = list(found)
    if not credentials:
        raise Denied(Reason.NO_CREDENTIAL)
    if len(credentials) > 1:
        raise Denied(Reason.SEVERAL_CREDENTIALS)
    return credentials[0]


def _headers(event: Mapping[str, object]) -> Mapping[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for name, values in _values(event, "headers", "multiValueHeaders").items():
        headers.setdefault(name.lower(), []).extend(values)
    return headers


def _values(event: Mapping[str, object], single: str, multiple: str) -> Mapping[str, list[str]]:
    # The second form repeats the first and adds what the first had to drop.
    listed = _mapping(event.get(multiple))
    if listed:
        return {name: _texts(values) for name, values in listed.items()}
    return {name: _texts([value]) for name, value in _mapping(event.get(single)).items()}


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _texts(values: object) -> list[str]:
    if not isinstance(values, list):
        return []
    return [value for value in cast("Sequence[object]", values) if isinstance(value, str)]


def _bearer(authorization: str) -> Credential:
    # Another scheme is a credential too, and one that cannot be judged here.
    match = _BEARER.fullmatch(authorization)
    if match is None:
        raise Denied(Reason.BAD_CREDENTIAL)
    return Credential(kind=Kind.TOKEN, text=match[1])


_PREFIXES = {BEARER_SUBPROTOCOL_PREFIX: Kind.TOKEN, TICKET_SUBPROTOCOL_PREFIX: Kind.TICKET}


def _offered(protocols: Sequence[str]) -> list[Credential]:
    offers = [offer.strip(" \t") for header in protocols for offer in header.split(",")]
    found = [
        Credential(kind=kind, text=offer.removeprefix(prefix))
        for offer in offers
        for prefix, kind in _PREFIXES.items()
        if offer.startswith(prefix)
    ]
    if found and PROTOCOL not in offers:
        # Only the marker may be echoed, and a browser that hears no echo fails the connection.
        raise Denied(Reason.BAD_CREDENTIAL)
    return found
