"""What functions are told: the events of `$connect`, of messages, of `$disconnect`.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
"""

from __future__ import annotations

import base64
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from cdk_streamer_local.gateway.apis import CONNECT, DISCONNECT, Api
from cdk_streamer_local.gateway.client import Client, Farewell, Pairs

Event = dict[str, Any]

_ID_BYTES = 11
# API Gateway names neither in `$connect`, and both to an authorizer.
_HOP = {"connection", "upgrade"}
_PORT = re.compile(r":(?P<port>\d+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When something happens, and the number that it gets; `seconds` since 1970."""

    request_id: str
    seconds: float

    @classmethod
    def now(cls) -> Moment:
        """Give this one."""
        return cls(request_id=new_id(), seconds=time.time())


def new_id() -> str:
    """Make an id as API Gateway's are: eleven bytes, as text that an address can have."""
    return base64.urlsafe_b64encode(secrets.token_bytes(_ID_BYTES)).decode()


def connect_event(
    client: Client, moment: Moment, headers: Pairs, query: str, variables: Mapping[str, str]
) -> Event:
    """Give what `$connect` is told."""
    sent = tuple(pair for pair in headers if pair[0].lower() not in _HOP)
    return {
        **_sent(_forwarded(sent, client), query),
        "requestContext": _context(client, moment, CONNECT, "CONNECT"),
        "isBase64Encoded": False,
        **_variables(variables),
    }


def authorizer_event(api: Api, client: Client, moment: Moment, headers: Pairs, query: str) -> Event:
    """Give what an authorizer is told.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
    """
    return {
        "type": "REQUEST",
        "methodArn": api.method_arn(client.stage, CONNECT),
        "queryStringParameters": {},
        "multiValueQueryStringParameters": {},
        **_sent(_forwarded(headers, client), query),
        "stageVariables": dict(api.stages[client.stage]),
        "requestContext": _context(client, moment, CONNECT, "CONNECT"),
    }


def message_event(
    client: Client, moment: Moment, route: str, body: str, variables: Mapping[str, str]
) -> Event:
    """Give what a route is told of a message."""
    return {
        "requestContext": {
            **_context(client, moment, route, "MESSAGE"),
            "messageId": new_id(),
        },
        "body": body,
        "isBase64Encoded": False,
        **_variables(variables),
    }


def disconnect_event(
    client: Client, moment: Moment, farewell: Farewell, variables: Mapping[str, str]
) -> Event:
    """Give what `$disconnect` is told."""
    headers = {"Host": client.host, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
    return {
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "requestContext": {
            **_context(client, moment, DISCONNECT, "DISCONNECT"),
            "disconnectStatusCode": farewell.code,
            "disconnectReason": farewell.reason,
        },
        "isBase64Encoded": False,
        **_variables(variables),
    }


def _context(client: Client, moment: Moment, route: str, kind: str) -> Event:
    context: Event = {
        "routeKey": route,
        "eventType": kind,
        "extendedRequestId": moment.request_id,
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(moment.seconds)),
        "messageDirection": "IN",
        "stage": client.stage,
        "connectedAt": int(client.connected_at * 1000),
        "requestTimeEpoch": int(moment.seconds * 1000),
        "identity": {
            **({"userAgent": client.user_agent} if client.user_agent else {}),
            "sourceIp": client.source_ip,
            **(client.identity or {}),
        },
        "requestId": moment.request_id,
        # With the stage behind it, this is where functions post to, as on AWS.
        "domainName": f"{client.host}/_aws/execute-api/{client.api_id}",
        "connectionId": client.id,
        "apiId": client.api_id,
    }
    if client.authorizer is not None:
        context["authorizer"] = dict(client.authorizer)
    return context


def _forwarded(headers: Pairs, client: Client) -> Pairs:
    """Add what API Gateway adds on a request's way."""
    before = [value for name, value in headers if name.lower() == "x-forwarded-for"]
    others = tuple(pair for pair in headers if pair[0].lower() != "x-forwarded-for")
    root = f"1-{int(client.connected_at):08x}-{secrets.token_hex(12)}"
    return (
        *others,
        ("X-Amzn-Trace-Id", f"Root={root}"),
        ("X-Forwarded-For", ", ".join([*before, client.source_ip])),
        ("X-Forwarded-Port", _port(client.host)),
        ("X-Forwarded-Proto", "https"),
    )


def _port(host: str) -> str:
    found = _PORT.search(host)
    return found["port"] if found else "443"


def _sent(headers: Pairs, query: str) -> Event:
    event: Event = {"headers": dict(headers), "multiValueHeaders": _grouped(headers)}
    parameters = tuple(parse_qsl(query, keep_blank_values=True))
    if parameters:
        event["queryStringParameters"] = dict(parameters)
        event["multiValueQueryStringParameters"] = _grouped(parameters)
    return event


def _grouped(pairs: Pairs) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


def _variables(variables: Mapping[str, str]) -> Event:
    return {"stageVariables": dict(variables)} if variables else {}
