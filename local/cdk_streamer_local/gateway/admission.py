"""Who gets in: the limit of new connections, the authorizer or the signature, then `$connect`."""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import parse_qsl

from cdk_streamer_local.gateway import answers
from cdk_streamer_local.gateway.answers import Refusal, refusal
from cdk_streamer_local.gateway.apis import (
    CONNECT,
    Api,
    Apis,
    Ask,
    Integration,
    IntegrationKind,
    Route,
)
from cdk_streamer_local.gateway.authorizers import Verdict, context_of, has_identity, verdict_of
from cdk_streamer_local.gateway.bridge import EngineGone, Refused
from cdk_streamer_local.gateway.client import Client
from cdk_streamer_local.gateway.events import Moment, authorizer_event, connect_event, new_id
from cdk_streamer_local.gateway.functions import Ending, Functions, Outcome
from cdk_streamer_local.gateway.handshake import Handshake
from cdk_streamer_local.gateway.throttle import TokenBucket

# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
NEW_PER_SECOND = 500
# Functions here let some hundred in within a second, and clients wait for ten: to refuse who would
# wait for longer lets the others in, where all would wait in vain.
DECIDED_AT_ONCE = 256
_SUBPROTOCOL = "sec-websocket-protocol"
# A status below is no answer yet: a client would wait for the one behind it.
_STATUSES = range(200, 600)
_STATUS = re.compile("[2-5][0-9][0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """Who got in, and the subprotocol that `$connect` answered."""

    client: Client
    subprotocol: str | None = None


class Admission:
    """Decides about handshakes, each on its own."""

    def __init__(
        self,
        apis: Apis,
        functions: Functions,
        ask: Ask,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._apis = apis
        self._functions = functions
        self._ask = ask
        self._clock = clock
        self._deciding = 0
        self._new = TokenBucket(rate=NEW_PER_SECOND, burst=NEW_PER_SECOND, now=clock())

    async def decide(self, handshake: Handshake | None, source_ip: str) -> Admitted | Refusal:
        """Let a client in or tell why not."""
        moment = Moment.now()
        try:
            api = await self._apis.find(handshake.api_id) if handshake else None
            if handshake is None or api is None or handshake.stage not in api.stages:
                return refusal(HTTPStatus.FORBIDDEN, answers.FORBIDDEN, moment.request_id)
            if self._deciding >= DECIDED_AT_ONCE or not self._new.take(self._clock()):
                return refusal(HTTPStatus.TOO_MANY_REQUESTS, answers.TOO_MANY, moment.request_id)
            self._deciding += 1
            try:
                return await self._judge(api, handshake, source_ip, moment)
            finally:
                self._deciding -= 1
        except (EngineGone, Refused):
            return refusal(HTTPStatus.BAD_GATEWAY, answers.INTERNAL_ERROR, moment.request_id)

    async def _judge(
        self, api: Api, handshake: Handshake, source_ip: str, moment: Moment
    ) -> Admitted | Refusal:
        client = Client(
            api_id=api.id,
            stage=handshake.stage,
            id=new_id(),
            connected_at=moment.seconds,
            source_ip=source_ip,
            user_agent=handshake.header("user-agent"),
            host=handshake.header("host"),
        )
        route = api.routes.get(CONNECT)
        if route is None:
            return Admitted(client=client)
        known = await self._authorized(api, route, handshake, client, moment)
        if isinstance(known, Refusal):
            return known
        return await self._connected(api, route, handshake, known, moment)

    async def _authorized(
        self, api: Api, route: Route, handshake: Handshake, client: Client, moment: Moment
    ) -> Client | Refusal:
        match route.authorization:
            case "NONE":
                return client
            case "AWS_IAM":
                return await self._signed(api, handshake, client, moment)
            case _:
                return await self._approved(api, route, handshake, client, moment)

    async def _signed(
        self, api: Api, handshake: Handshake, client: Client, moment: Moment
    ) -> Client | Refusal:
        answer = await self._ask(
            {
                "kind": "sign",
                "account": api.account,
                "region": api.region,
                "arn": api.method_arn(client.stage, CONNECT),
                "path": handshake.path,
                "query": handshake.query,
                "headers": handshake.headers,
            }
        )
        if "refusal" in answer:
            status, message = answer["refusal"]
            return refusal(status, message, moment.request_id, client.id)
        return dataclasses.replace(client, identity=answer["identity"])

    async def _approved(
        self, api: Api, route: Route, handshake: Handshake, client: Client, moment: Moment
    ) -> Client | Refusal:
        authorizer = route.authorizer
        if authorizer is None:
            return _refused(HTTPStatus.INTERNAL_SERVER_ERROR, None, client, moment)
        parameters = dict(parse_qsl(handshake.query))
        variables = api.stages[client.stage]
        if not has_identity(authorizer.identity_sources, handshake.headers, parameters, variables):
            return _refused(HTTPStatus.UNAUTHORIZED, answers.UNAUTHORIZED, client, moment)
        event = authorizer_event(api, client, moment, handshake.headers, handshake.query)
        said = await self._functions.invoke(api, authorizer.function, event)
        if said.ending is not Ending.ANSWERED:
            return _refused(HTTPStatus.INTERNAL_SERVER_ERROR, None, client, moment)
        match verdict_of(said.result, event["methodArn"]):
            case Verdict.ALLOW:
                return dataclasses.replace(client, authorizer=context_of(said.result))
            case Verdict.DENY:
                return _refused(HTTPStatus.FORBIDDEN, answers.EXPLICIT_DENY, client, moment)
            case Verdict.SILENT:
                return _refused(HTTPStatus.FORBIDDEN, answers.NO_ALLOW, client, moment)
            case Verdict.UNCLEAR:
                return _refused(HTTPStatus.INTERNAL_SERVER_ERROR, None, client, moment)

    async def _connected(
        self, api: Api, route: Route, handshake: Handshake, client: Client, moment: Moment
    ) -> Admitted | Refusal:
        integration = route.integration
        if integration is None or integration.kind is IntegrationKind.MOCK:
            return Admitted(client=client)
        if not integration.is_function:
            return _refused(HTTPStatus.BAD_GATEWAY, answers.INTERNAL_ERROR, client, moment)
        event = connect_event(
            client, moment, handshake.headers, handshake.query, api.stages[client.stage]
        )
        said = await self._functions.invoke(api, integration.function, event, integration.seconds)
        if said.ending is Ending.TIMED_OUT:
            return _refused(HTTPStatus.GATEWAY_TIMEOUT, answers.TIMED_OUT, client, moment)
        status = status_of(integration, said)
        if status is None:
            return _refused(HTTPStatus.BAD_GATEWAY, answers.INTERNAL_ERROR, client, moment)
        if not _is_success(status):
            return _refused(status, _phrase(status), client, moment)
        subprotocol = _subprotocol(said.result)
        if subprotocol is not None and not (subprotocol.isascii() and subprotocol.isprintable()):
            return _refused(HTTPStatus.BAD_GATEWAY, answers.INTERNAL_ERROR, client, moment)
        return Admitted(client=client, subprotocol=subprotocol)


def status_of(integration: Integration, said: Outcome) -> int | None:
    """Give the status that a function answered; None unless it did so as a proxy's must.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-integrations.html
    """
    if said.ending is not Ending.ANSWERED:
        return None
    if integration.kind is IntegrationKind.LAMBDA_WITHOUT_PROXY:
        return HTTPStatus.OK
    match said.result:
        case {"headers": headers} if not isinstance(headers, dict | None):
            return None
        case {"statusCode": int(status)} if status in _STATUSES:
            return status
        case {"statusCode": str(text)} if _STATUS.fullmatch(text):
            return int(text)
        case _:
            return None


def _is_success(status: int) -> bool:
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def _phrase(status: int) -> str:
    is_known = status in HTTPStatus._value2member_map_
    return HTTPStatus(status).phrase if is_known else answers.INTERNAL_ERROR


def _subprotocol(answer: object) -> str | None:
    if not isinstance(answer, dict):
        return None
    headers = cast("Mapping[str, Any]", cast("dict[str, Any]", answer).get("headers") or {})
    found = [str(value) for name, value in headers.items() if name.lower() == _SUBPROTOCOL]
    return found[0] if found else None


def _refused(status: int, message: str | None, client: Client, moment: Moment) -> Refusal:
    return refusal(status, message, moment.request_id, client.id)
