"""The picture of the app: its constructs, and what flows between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cdk_streamer_local.console.panel import Panel
from cdk_streamer_local.console.running import Running
from cdk_streamer_local.topology.graph import Node
from cdk_streamer_local.topology.stacks import read_stacks
from cdk_streamer_local.topology.svg import svg


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The drawing as SVG, and its nodes in the order in which they are drawn."""

    svg: str
    nodes: tuple[Node, ...]


class TopologyPanel(Panel):
    """Drawn once a deployment."""

    name: ClassVar[str] = "topology"

    def __init__(self) -> None:
        self._drawn: tuple[object, Picture] | None = None

    def read(self, running: Running) -> Picture:
        """Give the picture of what is deployed."""
        assembly = running.assembly
        if self._drawn is None or self._drawn[0] is not assembly:
            topology = read_stacks(assembly)
            stacks = ", ".join(stack.name for stack in assembly.stacks)
            picture = Picture(
                svg=svg(topology, f"The constructs of {stacks}"), nodes=tuple(topology.nodes)
            )
            self._drawn = (assembly, picture)
        return self._drawn[1]
