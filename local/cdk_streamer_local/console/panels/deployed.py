"""The environments of an app's functions as they run here, read once a deployment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cdk_streamer_local.cloud.assembly import Resource
from cdk_streamer_local.cloud.deployment import DeployedStack
from cdk_streamer_local.console.running import Running
from cdk_streamer_local.functions.function import Function

Variables = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """One function: what the template says of it, and its variables with the engine's names."""

    stack: DeployedStack
    resource: Resource
    function: Function
    variables: Variables

    @property
    def entry_point(self) -> str:
        """The handler that the template names; here our bootstrap stands before it."""
        return str(self.resource.properties.get("Handler", ""))


@dataclass(slots=True)
class DeployedFunctions:
    """Keeps them until the app is deployed anew."""

    _of: object = None
    _found: list[Deployed] = field(default_factory=list[Deployed])

    def read(self, running: Running) -> list[Deployed]:
        """Give the functions of all stacks."""
        if self._of is not running.system:
            self._found = list(_read(running))
            self._of = running.system
        return self._found


def _read(running: Running) -> Iterator[Deployed]:
    functions = {function.name: function for function in running.system.functions}
    variables = {stack.template.name: dict(_variables(stack)) for stack in running.system.stacks}
    for stack, resource, name in running.resources("AWS::Lambda::Function"):
        if name in functions:
            yield Deployed(
                stack=stack,
                resource=resource,
                function=functions[name],
                variables=variables[stack.template.name].get(name, {}),
            )


def _variables(stack: DeployedStack) -> Iterator[tuple[str, Variables]]:
    client: Any = stack.services.client("lambda")
    for page in client.get_paginator("list_functions").paginate():
        for told in page["Functions"]:
            yield told["FunctionName"], told.get("Environment", {}).get("Variables", {})


def queue_labels(running: Running) -> Mapping[str, str]:
    """Give what the app calls its queues, by the engine's names."""
    return {
        url.rpartition("/")[2]: resource.construct_path.partition("/")[2]
        for _, resource, url in running.resources("AWS::SQS::Queue")
    }
