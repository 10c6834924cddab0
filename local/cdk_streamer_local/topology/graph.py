"""What a topology is made of: values that pictures are drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a node stands for."""

    PROCESSOR = "processor"
    TABLE = "table"
    EVENT_BUS = "event_bus"
    STREAM = "stream"
    QUEUE = "queue"
    TOPIC = "topic"
    BUCKET = "bucket"
    FUNCTION = "function"
    STATE_MACHINE = "state_machine"
    SCHEDULE_GROUP = "schedule_group"
    CHANNELS = "channels"
    SECRET = "secret"  # noqa: S105 - a kind of node
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A pipeline of a processor: its id, its flavor, and the event types that it takes."""

    id: str
    flavor: str
    takes: str
    emits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A processor with its rules, or a resource."""

    id: str
    kind: Kind
    label: str
    rules: tuple[Rule, ...] = ()


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
