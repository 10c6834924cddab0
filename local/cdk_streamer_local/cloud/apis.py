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
_WEBSOCKET = "WEBSOCKET"


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One stage of an API; `name` is its construct's path.

    `plain_url` is a socket's address without TLS, for browsers: they trust no certificate of ours,
    and need none on loopback.
    """

    name: str
    url: str
    plain_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where this machine serves what AWS serves at an API's own host name.

    `engine` and `gateway` are host and port; `sockets` are the ids of the gateway's APIs.
    """

    engine: str
    gateway: str
    sockets: frozenset[str] = frozenset()

    @classmethod
    def of(cls, stacks: Sequence[DeployedStack], *, engine: str, gateway: str) -> Addresses:
        """Take the WebSocket APIs of all stacks for the gateway's."""
        sockets = {
            stack.physical[logical_id]
            for stack in stacks
            for logical_id in _by_protocol(stack, _WEBSOCKET)
        }
        return cls(engine=engine, gateway=gateway, sockets=frozenset(sockets))

    def local(self, text: str) -> str:
        """Give the text with every address of API Gateway replaced by one of this machine."""
        return _AWS_ADDRESS.sub(
            lambda found: self._at(found["scheme"], found["api"], found["path"] or ""), text
        )

    def callbacks(self, texts: Sequence[str]) -> frozenset[str]:
        """Give what functions that read these texts post to: stages of WebSocket APIs.

        Without TLS, which would be half of the cost of a post.
        """
        return frozenset(
            self._at("http", found["api"], found["path"] or "")
            for text in texts
            for found in _AWS_ADDRESS.finditer(text)
            if self._is_socket(found["scheme"], found["api"])
        )

    def stage(self, scheme: str, api: str, path: str) -> str:
        """Give the address of one stage."""
        return self._at(scheme, api, path)

    def _at(self, scheme: str, api: str, path: str) -> str:
        host = self.gateway if self._is_socket(scheme, api) else self.engine
        return f"{scheme}://{host}/_aws/execute-api/{api}{path}"

    def _is_socket(self, scheme: str, api: str) -> bool:
        return api in self.sockets or scheme == "wss"


def sockets_of(stack: DeployedStack, addresses: Addresses) -> list[Api]:
    """Give the WebSocket APIs of a stack with the stages that stand in the same template."""
    return _apis_of(stack, addresses, _WEBSOCKET, "wss")


def http_apis_of(stack: DeployedStack, addresses: Addresses) -> list[Api]:
    """Give the HTTP APIs of a stack with the stages that stand in the same template."""
    return _apis_of(stack, addresses, "HTTP", "https")


def rest_apis_of(stack: DeployedStack, addresses: Addresses) -> list[Api]:
    """Give the REST APIs of a stack with the stages that stand in the same template."""
    apis = _by_id(stack, "AWS::ApiGateway::RestApi")
    stages = [
        (_referred(stage.properties.get("RestApiId")), str(stage.properties.get("StageName")))
        for stage in stack.template.of_type("AWS::ApiGateway::Stage")
    ]
    return [
        _stage(stack, addresses, apis[api], "https", stage) for api, stage in stages if api in apis
    ]


def _apis_of(stack: DeployedStack, addresses: Addresses, protocol: str, scheme: str) -> list[Api]:
    apis = _by_protocol(stack, protocol)
    stages = [
        (_referred(stage.properties.get("ApiId")), str(stage.properties["StageName"]))
        for stage in stack.template.of_type("AWS::ApiGatewayV2::Stage")
    ]
    return [
        _stage(stack, addresses, apis[api], scheme, stage) for api, stage in stages if api in apis
    ]


def _by_protocol(stack: DeployedStack, protocol: str) -> dict[str, Resource]:
    return {
        logical_id: api
        for logical_id, api in _by_id(stack, "AWS::ApiGatewayV2::Api").items()
        if api.properties.get("ProtocolType") == protocol
    }


def _by_id(stack: DeployedStack, kind: str) -> dict[str, Resource]:
    return {
        resource.logical_id: resource
        for resource in stack.template.of_type(kind)
        if resource.logical_id in stack.physical
    }


def _stage(
    stack: DeployedStack, addresses: Addresses, api: Resource, scheme: str, stage: str
) -> Api:
    url = addresses.stage(scheme, stack.physical[api.logical_id], _path(stage))
    plain_url = f"ws{url.removeprefix('wss')}" if scheme == "wss" else ""
    return Api(name=api.construct_path, url=url, plain_url=plain_url)


def _path(stage: str) -> str:
    return "" if stage == "$default" else f"/{stage}"


def _referred(value: object) -> str:
    match value:
        case {"Ref": str(logical_id)}:
            return logical_id
        case _:
            return ""
