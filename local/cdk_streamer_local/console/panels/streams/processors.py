"""The stream processors of an app, found once a deployment by what its picture shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cdk_streamer_local.cloud.deployment import DeployedStack
from cdk_streamer_local.console.running import Running
from cdk_streamer_local.topology.graph import PROCESSOR, Node, Rule, Topology
from cdk_streamer_local.topology.reading import read_topology
from cdk_streamer_runtime.contract.streams import ResourceKind

_FAULTS = "faults"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a processor reads, in the words of the app; `name` is the engine's."""

    kind: str
    label: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """One of them: `name` is the construct's, which its metrics have; `function` the engine's.

    `faults` is the URL of its fault queue, empty if it has none.
    """

    id: str
    name: str
    function: str
    label: str
    stack: DeployedStack
    sources: Sequence[Source]
    rules: Sequence[Rule]
    faults: str


def processors(running: Running) -> Iterator[Processor]:
    """Give the processors of all stacks."""
    topology = read_topology(running.assembly)
    physical = {
        f"{stack.template.id}/{logical_id}": (stack, name)
        for stack in running.system.stacks
        for logical_id, name in stack.physical.items()
    }
    labels = {wired.function.name: wired.function.label for wired in running.system.wired}
    for node in topology.nodes:
        if node.kind == PROCESSOR and node.id in physical:
            stack, function = physical[node.id]
            yield Processor(
                id=node.id,
                name=node.label,
                function=function,
                label=labels.get(function, function),
                stack=stack,
                sources=[_source(each, physical) for each in _read(node, topology)],
                rules=node.rules,
                faults=_faults(node, topology, physical),
            )


def _read(node: Node, topology: Topology) -> Iterator[Node]:
    for edge in topology.edges:
        if edge.target == node.id and not edge.reads:
            source = topology.node(edge.source)
            if source.kind != PROCESSOR:
                yield source


def _source(node: Node, physical: Mapping[str, tuple[Any, str]]) -> Source:
    name = physical[node.id][1] if node.id in physical else node.id
    if node.kind == ResourceKind.EVENT_BUS:
        name = name.rpartition("/")[2]
    return Source(kind=node.kind, label=node.label, name=name)


def _faults(node: Node, topology: Topology, physical: Mapping[str, tuple[Any, str]]) -> str:
    found = (
        physical[edge.target][1]
        for edge in topology.edges
        if edge.source == node.id and edge.label == _FAULTS and edge.target in physical
    )
    return next(found, "")
