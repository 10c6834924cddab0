"""What a topology is made of: values that pictures are drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Kinds of nodes that are no resource.
PROCESSOR = "processor"
CONSTRUCT = "construct"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A pipeline of a processor: its id, its flavor, and the event types that it takes."""

    id: str
    flavor: str
    takes: str
    emits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A processor with its rules, a construct, or a resource of a `ResourceKind`.

    `note` is what stands below its name; default: its kind.
    """

    id: str
    kind: str
    label: str
    rules: tuple[Rule, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """What flows from one node to another; `rule` is which pipeline's, if it is one's."""

    source: str
    target: str
    label: str = ""
    rule: str = ""
    reads: bool = False

    @property
    def lines(self) -> list[str]:
        """What is said about it, a line for each thing that flows."""
        return self.label.split(", ") if self.label else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """All nodes and edges, in the order in which they were found."""

    nodes: Sequence[Node]
    edges: Sequence[Edge]

    def node(self, id: str) -> Node:
        """Give a node."""
        return next(node for node in self.nodes if node.id == id)
