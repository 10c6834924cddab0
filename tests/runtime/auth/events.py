"""The `$connect` events that API Gateway sends to an authorizer."""

from __future__ import annotations

METHOD_ARN = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/live/$connect"


def connect(
    headers: dict[str, list[str]] | None = None,
    query: dict[str, list[str]] | None = None,
    **changes: object,
) -> dict[str, object]:
    """Give an event in the form of the developer guide: each value singly and listed."""
    headers = {"Host": ["a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com"], **(headers or {})}
    return {
        "type": "REQUEST",
        "methodArn": METHOD_ARN,
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {n: v[-1] for n, v in query.items()} if query else None,
        "multiValueQueryStringParameters": query,
        "stageVariables": {},
        "requestContext": {
            "routeKey": "$connect",
            "eventType": "CONNECT",
            "messageDirection": "IN",
            "stage": "live",
            "connectionId": "Lmx7ecNgFiACGfQ=",
            "apiId": "a1b2c3d4e5",
            "identity": {"sourceIp": "203.0.113.7"},
        },
        **changes,
    }


def by_subprotocol(text: str) -> dict[str, object]:
    return connect({"Sec-WebSocket-Protocol": [f"streamer.v1, bearer.{text}"]})


def by_authorization(text: str) -> dict[str, object]:
    return connect({"Authorization": [f"Bearer {text}"]})


def by_query(text: str) -> dict[str, object]:
    return connect(query={"token": [text]})
