"""Where nodes stand: in columns, so that what flows goes to the right wherever it can."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cdk_streamer_local.topology.graph import CONSTRUCT, Edge, Node, Topology

GAP_X, GAP_Y, MARGIN = 70, 34, 28
LANE = 26  # the height of a way around below everything
LETTER, LINE = 6.2, 15  # the width of a letter and the height of a line of what stands at arrows
HEAD, RULE = 46, 38  # the height of a box's head, and of each rule in it
WIDTH, CONSTRUCT_WIDTH, RULES_WIDTH = 190, 240, 280
SWEEPS = 4
_WAY = "way"  # the kind of a place that only an arrow needs


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Where a node stands, in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.width

    @property
    def center(self) -> float:
        """The middle of its width."""
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        """The bottom edge."""
        return self.y + self.height

    @property
    def middle(self) -> float:
        """The height at which arrows meet it."""
        return self.y + HEAD / 2

    def row(self, number: int) -> float:
        """Give the height at which arrows leave a rule."""
        return self.y + HEAD + RULE * (number + 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A box for each node, and the size of the whole.

    `lanes` has the height of the way around below everything, for what flows to the left. `ways`
    has the free places between boxes that an arrow over several columns goes through.
    """

    boxes: Mapping[str, Box]
    lanes: Mapping[tuple[str, str], float]
    ways: Mapping[tuple[str, str], Sequence[Box]]
    width: float
    height: float


def lay_out(topology: Topology) -> Layout:
    """Give each node its place; the same topology has the same layout."""
    numbers = _columns(topology)
    routed = _routed(topology, numbers)
    columns = _ordered(routed.topology, routed.numbers)
    heights = [sum(_height(node) + GAP_Y for node in column) - GAP_Y for column in columns]
    tallest = max(heights, default=0)
    boxes: dict[str, Box] = {}
    x = float(MARGIN)
    for number, (column, height) in enumerate(zip(columns, heights, strict=True)):
        y = MARGIN + (tallest - height) / 2
        widest = max(_width(node) for node in column)
        for node in column:
            width = widest if node.kind == _WAY else _width(node)
            shift = (widest - width) / 2
            boxes[node.id] = Box(x=x + shift, y=y, width=width, height=_height(node))
            y += _height(node) + GAP_Y
        x += widest + _gap(topology, numbers, number)
    bottom = tallest + MARGIN
    back = dict.fromkeys(
        (edge.source, edge.target)
        for edge in topology.edges
        if boxes[edge.target].x <= boxes[edge.source].x
    )
    lanes = {way: bottom + LANE * (number + 1) for number, way in enumerate(back)}
    height = max(lanes.values(), default=bottom) + MARGIN
    right = max((box.right for box in boxes.values()), default=0)
    ways = {ends: [boxes.pop(id) for id in ids] for ends, ids in routed.ways.items()}
    return Layout(boxes=boxes, lanes=lanes, ways=ways, width=right + LANE + MARGIN, height=height)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Routed:
    """A topology whose arrows go from each column to the next, through places that `ways` has."""

    topology: Topology
    numbers: Mapping[str, int]
    ways: Mapping[tuple[str, str], Sequence[str]]


def _routed(topology: Topology, columns: Mapping[str, int]) -> _Routed:
    """Give an arrow over several columns a place in each, so that it crosses no box."""
    nodes, edges, numbers = list(topology.nodes), list[Edge](), dict(columns)
    ways: dict[tuple[str, str], list[str]] = {}
    for edge in topology.edges:
        ends = (edge.source, edge.target)
        between = range(numbers[edge.source] + 1, numbers[edge.target])
        if ends not in ways and between:
            ways[ends] = [f"{edge.source} to {edge.target} over {number}" for number in between]
            nodes += [Node(id=id, kind=_WAY, label="") for id in ways[ends]]
            numbers |= zip(ways[ends], between, strict=True)
        steps = pairwise([edge.source, *ways.get(ends, ()), edge.target])
        edges += [Edge(source=source, target=target) for source, target in steps]
    return _Routed(topology=Topology(nodes=nodes, edges=edges), numbers=numbers, ways=ways)


def _gap(topology: Topology, numbers: Mapping[str, int], column: int) -> float:
    """Give the room behind a column: as much as what is said about arrows there needs."""
    said = [
        line
        for edge in topology.edges
        if numbers[edge.source] == column < numbers[edge.target]
        for line in edge.lines
    ]
    return GAP_X + max((len(line) * LETTER for line in said), default=0)


def _height(node: Node) -> float:
    if node.kind == _WAY:
        return 0
    return HEAD + RULE * len(node.rules) + (8 if node.rules else 0)


def _width(node: Node) -> float:
    if node.rules:
        return RULES_WIDTH
    return CONSTRUCT_WIDTH if node.kind == CONSTRUCT else WIDTH


def _columns(topology: Topology) -> dict[str, int]:
    """Give the column of each node: one behind all that flows into it, but for what flows back."""
    inward = _without_cycles(topology)
    columns: dict[str, int] = {}

    def column(id: str) -> int:
        if id not in columns:
            columns[id] = 1 + max((column(source) for source in inward[id]), default=-1)
        return columns[id]

    for node in topology.nodes:
        column(node.id)
    return columns


def _without_cycles(topology: Topology) -> dict[str, list[str]]:
    """Give what flows into each node, without the edges that lead back to where one came from."""
    outward: dict[str, list[str]] = defaultdict(list)
    for edge in topology.edges:
        if edge.target not in outward[edge.source]:
            outward[edge.source].append(edge.target)
    inward: dict[str, list[str]] = {node.id: [] for node in topology.nodes}
    done: set[str] = set()

    def visit(id: str, above: frozenset[str]) -> None:
        for target in outward[id]:
            if target in above:
                continue
            inward[target].append(id)
            if target not in done:
                visit(target, above | {target})
        done.add(id)

    for node in _entrances_first(topology):
        if node.id not in done:
            visit(node.id, frozenset({node.id}))
    return inward


def _entrances_first(topology: Topology) -> Sequence[Node]:
    reached = {edge.target for edge in topology.edges}
    return sorted(topology.nodes, key=lambda node: node.id in reached)


def _ordered(topology: Topology, columns: Mapping[str, int]) -> list[list[Node]]:
    """Order each column by the middle of a node's neighbours, so that few arrows cross."""
    count = max(columns.values(), default=-1) + 1
    ordered = [[node for node in topology.nodes if columns[node.id] == n] for n in range(count)]
    neighbours: dict[str, list[str]] = defaultdict(list)
    for edge in topology.edges:
        neighbours[edge.source].append(edge.target)
        neighbours[edge.target].append(edge.source)
    for _ in range(SWEEPS):
        rank = {
            node.id: (place + 0.5) / len(column)
            for column in ordered
            for place, node in enumerate(column)
        }

        def middle(node: Node, rank: Mapping[str, float] = rank) -> float:
            near = [rank[each] for each in neighbours[node.id]]
            return sum(near) / len(near) if near else rank[node.id]

        ordered = [sorted(column, key=middle) for column in ordered]
    return ordered
