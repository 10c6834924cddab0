"""Finds the token in the event of a `$connect`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import cast

from cdk_streamer_runtime.auth.denial import Denied, Reason
from cdk_streamer_runtime.contract import BEARER_SUBPROTOCOL_PREFIX, PROTOCOL

# RFC 6750, section 2.1; the scheme in any case: RFC 9110, section 11.1
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.ASCII | re.IGNORECASE)

QUERY_PARAMETER = "token"


def find(event: Mapping[str, object], *, allow_query_token: bool) -> str:
    """Give the one token that the caller presents; raises Denied for none and for several.

    Browsers can send a subprotocol only, others an `Authorization` header. A URL ends in logs and
    histories, so a token in the query string counts only where the construct allows it.
    """
    query = _values(event, "queryStringParameters", "multiValueQueryStringParameters")
    in_query = query.get(QUERY_PARAMETER, [])
    if in_query and not allow_query_token:
        raise Denied(Reason.QUERY_TOKEN)
    headers: dict[str, list[str]] = {}
    for name, values in _values(event, "headers", "multiValueHeaders").items():
        headers.setdefault(name.lower(), []).extend(values)
    tokens = [
        *in_query,
        *map(_bearer, headers.get("authorization", [])),
        *_offered(headers.get("sec-websocket-protocol", [])),
    ]
    if not tokens:
        raise Denied(Reason.NO_CREDENTIAL)
    if len(tokens) > 1:
        raise Denied(Reason.SEVERAL_CREDENTIALS)
    return tokens[0]


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


def _bearer(authorization: str) -> str:
    # Another scheme is a credential too, and one that cannot be judged here.
    match = _BEARER.fullmatch(authorization)
    if match is None:
        raise Denied(Reason.BAD_CREDENTIAL)
    return match[1]


def _offered(protocols: Sequence[str]) -> list[str]:
    offers = [offer.strip(" \t") for header in protocols for offer in header.split(",")]
    tokens = [
        offer.removeprefix(BEARER_SUBPROTOCOL_PREFIX)
        for offer in offers
        if offer.startswith(BEARER_SUBPROTOCOL_PREFIX)
    ]
    if tokens and PROTOCOL not in offers:
        # Only the marker may be echoed, and a browser that hears no echo fails the connection.
        raise Denied(Reason.BAD_CREDENTIAL)
    return tokens
