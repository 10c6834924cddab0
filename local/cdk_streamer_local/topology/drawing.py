"""What a picture is made of: boxes with texts and arrows with words, each in its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cdk_streamer_local.topology.graph import CONSTRUCT, PROCESSOR, Edge, Node, Topology
from cdk_streamer_local.topology.layout import HEAD, LINE, RULE, Box, Layout, lay_out
from cdk_streamer_runtime.contract.streams import ResourceKind

_STORES = {ResourceKind.TABLE, ResourceKind.BUCKET, ResourceKind.SECRET}
_CHANNELS = {
    ResourceKind.QUEUE,
    ResourceKind.EVENT_BUS,
    ResourceKind.STREAM,
    ResourceKind.TOPIC,
    ResourceKind.CHANNELS,
}
_CHARACTERS = {"name": 8.3, "note": 6.4}  # pixels, on average
_PAD = 12
_CORNER, _RULE_CORNER = 9, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A line of text; `style` is name, note or flow, `whole` what had no room."""

    style: str
    x: float
    y: float
    text: str
    whole: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A rectangle with round corners; `style` is yours, store, queue, box or rule."""

    style: str
    x: float
    y: float
    width: float
    height: float
    corner: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A node as it is drawn: its box first, then its rules, and the texts upon them."""

    node: str
    kind: str
    shapes: tuple[Shape, ...]
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """A way from one node to another, as a path of SVG."""

    source: str
    target: str
    path: str
    reads: bool
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """All of a picture, in pixels."""

    width: int
    height: int
    arrows: tuple[Arrow, ...]
    figures: tuple[Figure, ...]


def draw(topology: Topology) -> Drawing:
    """Give the picture of a topology; the same one gives the same picture."""
    layout = lay_out(topology)
    return Drawing(
        width=round(layout.width),
        height=round(layout.height),
        arrows=tuple(_arrow(edge, topology, layout) for edge in _once(topology, layout)),
        figures=tuple(_figure(node, layout.boxes[node.id]) for node in topology.nodes),
    )


def _once(topology: Topology, layout: Layout) -> Iterator[Edge]:
    """Give each arrow once; what flows to the left shares one way, whatever rule it comes from."""
    found: dict[tuple[str, str, str, bool], list[str]] = {}
    for edge in topology.edges:
        rule = "" if (edge.source, edge.target) in layout.lanes else edge.rule
        said = found.setdefault((edge.source, edge.target, rule, edge.reads), [])
        said += [line for line in edge.lines if line not in said]
    for (source, target, rule, reads), said in found.items():
        yield Edge(source=source, target=target, label=", ".join(said), rule=rule, reads=reads)


def _figure(node: Node, box: Box) -> Figure:
    shapes = [_shape(_style(node.kind), box.x, box.y, box.width, box.height)]
    left = box.x + _PAD
    texts = [
        _text("name", (left, box.y + 19), node.label, box.width),
        _text("note", (left, box.y + 36), node.note or node.kind.replace("_", " "), box.width),
    ]
    for number, rule in enumerate(node.rules):
        y = box.y + HEAD + RULE * number
        shapes.append(_shape("rule", box.x + 8, y, box.width - 16, RULE - 4))
        note = f"{rule.flavor}: {rule.takes}"
        texts.append(_text("name", (left + 6, y + 14), rule.id, box.width - 20))
        texts.append(_text("note", (left + 6, y + 28), note, box.width - 20))
    return Figure(node=node.id, kind=node.kind, shapes=tuple(shapes), texts=tuple(texts))


def _style(kind: str) -> str:
    if kind in {PROCESSOR, CONSTRUCT}:
        return "yours"
    return "store" if kind in _STORES else "queue" if kind in _CHANNELS else "box"


def _shape(style: str, x: float, y: float, width: float, height: float) -> Shape:
    corner = _RULE_CORNER if style == "rule" else _CORNER
    return Shape(style=style, x=x, y=y, width=width, height=height, corner=corner)


def _text(style: str, place: tuple[float, float], text: str, width: float) -> Text:
    room = int((width - 2 * _PAD) / _CHARACTERS[style])
    shown = text if len(text) <= room else f"{text[: room - 1]}…"
    whole = text if shown != text else ""
    return Text(style=style, x=place[0], y=place[1], text=shown, whole=whole)


def _arrow(edge: Edge, topology: Topology, layout: Layout) -> Arrow:
    source, target = layout.boxes[edge.source], layout.boxes[edge.target]
    rules = [rule.id for rule in topology.node(edge.source).rules]
    start = source.row(rules.index(edge.rule)) if edge.rule in rules else source.middle
    below = layout.lanes.get((edge.source, edge.target))
    if below is None:
        ways = layout.ways.get((edge.source, edge.target), ())
        path, lines = _onward(source, start, target, ways), edge.lines
        first = ways[0] if ways else None
        x = (source.right + (first.x if first else target.x)) / 2
        y = (start + (first.y if first else target.middle)) / 2
    else:
        path, lines = _around(source, target, layout, below), [edge.label] if edge.label else []
        x, y = (source.x + target.right) / 2, below
    texts = tuple(
        Text(style="flow", x=x, y=y - 4 - LINE * number, text=line)
        for number, line in enumerate(reversed(lines))
    )
    return Arrow(source=edge.source, target=edge.target, path=path, reads=edge.reads, texts=texts)


def _onward(source: Box, start: float, target: Box, ways: Sequence[Box]) -> str:
    parts = [f"M{source.right:g} {start:g}"]
    x, y = source.right, start
    for way in ways:
        parts += [_bow((x, y), (way.x, way.y)), f"H{way.right:g}"]
        x, y = way.right, way.y
    return " ".join([*parts, _bow((x, y), (target.x - 2, target.middle))])


def _bow(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = start, end
    bend = (x2 - x1) / 2
    return f"C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}"


def _around(source: Box, target: Box, layout: Layout, below: float) -> str:
    """Lead back below everything, and up again beside the column of the target."""
    x1, y1, y2 = source.right, source.middle, target.middle
    column = [box for box in layout.boxes.values() if abs(box.center - target.center) < 1]
    out, up = x1 + 18, min(box.x for box in column) - 18
    return (
        f"M{x1:g} {y1:g} Q{out:g} {y1:g} {out:g} {y1 + 18:g} V{below - 14:g} "
        f"Q{out:g} {below:g} {out - 14:g} {below:g} H{up + 14:g} "
        f"Q{up:g} {below:g} {up:g} {below - 14:g} V{y2 + 18:g} "
        f"Q{up:g} {y2:g} {up + 14:g} {y2:g} H{target.x - 2:g}"
    )
