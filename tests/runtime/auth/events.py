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


def by_ticket(text: str) -> dict[str, object]:
    return connect({"Sec-WebSocket-Protocol": [f"streamer.v1, ticket.{text}"]})


def by_ticket_in_query(text: str) -> dict[str, object]:
    return connect(query={"ticket": [text]})


def over_http(authorization: str | None = None, **changes: object) -> dict[str, object]:
    """Give what an HTTP API sends to its authorizer, in payload format 2.0.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
    """
    host = "h1t2t3p4a5.execute-api.eu-central-1.amazonaws.com"
    authorized = {} if authorization is None else {"authorization": authorization}
    return {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": "arn:aws:execute-api:eu-central-1:123456789012:h1t2t3p4a5/live/POST/requests",
        "identitySource": [authorization],
        "routeKey": "POST /requests",
        "rawPath": "/live/requests",
        "rawQueryString": "",
        "headers": {"host": host, **authorized},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "h1t2t3p4a5",
            "domainName": host,
            "http": {"method": "POST", "path": "/live/requests", "sourceIp": "203.0.113.7"},
            "requestId": "id",
            "routeKey": "POST /requests",
            "stage": "live",
            "timeEpoch": 1_700_000_000_000,
        },
        "pathParameters": {},
        "stageVariables": {},
        **changes,
    }


def by_http(text: str) -> dict[str, object]:
    return over_http(f"Bearer {text}")
