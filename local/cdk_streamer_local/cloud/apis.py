"""WebSocket, HTTP and REST APIs: their addresses here, and AWS's addresses turned into these."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cdk_streamer_local.cloud.assembly import Resource
from cdk_streamer_local.cloud.deployment import DeployedStack

_AWS_ADDRESS = re.compile(
    r"(?P<scheme>wss|https)://(?P<api>[a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com(\.cn)?"
    r"(?P<path>/[^\s\"']*)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One stage of an API; `name` is its construct's path."""

    name: str
    url: str


def sockets_of(stack: DeployedStack) -> list[Api]:
    """Give the WebSocket APIs of a stack with the stages that stand in the same template."""
    return _apis_of(stack, "WEBSOCKET", "wss")


def http_apis_of(stack: DeployedStack) -> list[Api]:
    """Give the HTTP APIs of a stack with the stages that stand in the same template."""
    return _apis_of(stack, "HTTP", "https")


def rest_apis_of(stack: DeployedStack) -> list[Api]:
    """Give the REST APIs of a stack with the stages that stand in the same template."""
    apis = _by_id(stack, "AWS::ApiGateway::RestApi")
    stages = [
        (_referred(stage.properties.get("RestApiId")), str(stage.properties.get("StageName")))
        for stage in stack.template.of_type("AWS::ApiGateway::Stage")
    ]
    return [_stage(stack, apis[api], "https", stage) for api, stage in stages if api in apis]


def local_address(text: str, endpoint: str) -> str:
    """Give the text with every address of API Gateway replaced by the engine's."""
    host = endpoint.partition("://")[2]
    return _AWS_ADDRESS.sub(
        lambda found: (
            f"{found['scheme']}://{host}/_aws/execute-api/{found['api']}{found['path'] or ''}"
        ),
        text,
    )


def addresses(texts: Sequence[str]) -> frozenset[str]:
    """Give the addresses of API Gateway that stand in these texts, as https."""
    return frozenset(
        f"https{found.group().removeprefix(found['scheme'])}"
        for text in texts
        for found in _AWS_ADDRESS.finditer(text)
    )


def _apis_of(stack: DeployedStack, protocol: str, scheme: str) -> list[Api]:
    apis = {
        logical_id: api
        for logical_id, api in _by_id(stack, "AWS::ApiGatewayV2::Api").items()
        if api.properties.get("ProtocolType") == protocol
    }
    stages = [
        (_referred(stage.properties.get("ApiId")), str(stage.properties["StageName"]))
        for stage in stack.template.of_type("AWS::ApiGatewayV2::Stage")
    ]
    return [_stage(stack, apis[api], scheme, stage) for api, stage in stages if api in apis]


def _by_id(stack: DeployedStack, kind: str) -> dict[str, Resource]:
    return {
        resource.logical_id: resource
        for resource in stack.template.of_type(kind)
        if resource.logical_id in stack.physical
    }


def _stage(stack: DeployedStack, api: Resource, scheme: str, stage: str) -> Api:
    host = f"{stack.physical[api.logical_id]}.execute-api.here.amazonaws.com"
    url = local_address(f"{scheme}://{host}{_path(stage)}", stack.services.endpoint)
    return Api(name=api.construct_path, url=url)


def _path(stage: str) -> str:
    return "" if stage == "$default" else f"/{stage}"


def _referred(value: object) -> str:
    match value:
        case {"Ref": str(logical_id)}:
            return logical_id
        case _:
            return ""
