"""What panels look at: the app as it runs right now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cdk_streamer_local.access import local
from cdk_streamer_local.cloud.assembly import Assembly, Resource
from cdk_streamer_local.cloud.deployment import DeployedStack
from cdk_streamer_local.host import Host
from cdk_streamer_local.record import Record
from cdk_streamer_local.system import System
from cdk_streamer_runtime.aws import LeanClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One deployment of the app. `state` is the folder beside it with keys and the record."""

    assembly: Assembly
    system: System
    host: Host
    record: Record
    state: Path

    def resources(self, *types: str) -> Iterator[tuple[DeployedStack, Resource, str]]:
        """Give each deployed resource of these types with its stack and its name in the engine."""
        for stack in self.system.stacks:
            for resource in stack.template.of_type(*types):
                name = stack.physical.get(resource.logical_id)
                if name is not None:
                    yield stack, resource, name

    def aws(self, stack: DeployedStack) -> LeanClient:
        """Give the runtime's client with all rights where this stack is; the asker closes it."""
        return local(stack.services)
