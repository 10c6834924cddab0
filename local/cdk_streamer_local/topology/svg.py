"""Draws a topology as SVG, for light and dark backgrounds alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape as _escaped

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

_STYLE = """\
    svg { --ground: #ffffff; --ink: #1b2330; --soft: #5b6676; --line: #7b8798; --box: #f3f5f8;
          --edge: #c3cad4; --yours: #e3efff; --yours-edge: #2f6fd0; --store: #f3ecff;
          --store-edge: #8659c4; --queue: #fff3df; --queue-edge: #c78415; --rule: #ffffff; }
    @media (prefers-color-scheme: dark) {
      svg { --ground: #12161d; --ink: #e8ecf2; --soft: #a3aebd; --line: #8592a4; --box: #1d242e;
            --edge: #465263; --yours: #16304f; --yours-edge: #6aa7ff; --store: #2a2140;
            --store-edge: #b48df0; --queue: #37290f; --queue-edge: #e0a63f; --rule: #1d242e; }
    }
    text { font: 14px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial,
           sans-serif; fill: var(--ink); }
    .name { font-weight: 600; }
    .note { font-size: 12px; fill: var(--soft); }
    .flow { font-size: 12px; fill: var(--soft); text-anchor: middle; paint-order: stroke;
            stroke: var(--ground); stroke-width: 5px; stroke-linejoin: round; }
    .box { fill: var(--box); stroke: var(--edge); stroke-width: 1.5; }
    .yours { fill: var(--yours); stroke: var(--yours-edge); stroke-width: 1.5; }
    .store { fill: var(--store); stroke: var(--store-edge); stroke-width: 1.5; }
    .queue { fill: var(--queue); stroke: var(--queue-edge); stroke-width: 1.5; }
    .rule { fill: var(--rule); stroke: var(--yours-edge); stroke-width: 1; }
    .arrow { fill: none; stroke: var(--line); stroke-width: 1.6; marker-end: url(#head); }
    .reads { stroke-dasharray: 5 4; }"""


def svg(topology: Topology, title: str) -> str:
    """Draw it; the same topology gives the same text."""
    layout = lay_out(topology)
    width, height = round(layout.width), round(layout.height)
    edges = [part for edge in _once(topology, layout) for part in _arrow(edge, topology, layout)]
    nodes = [part for node in topology.nodes for part in _drawn(node, layout.boxes[node.id])]
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img" aria-labelledby="title description">'
        ),
        f'  <title id="title">{escape(title)}</title>',
        f'  <desc id="description">{escape(described(topology))}</desc>',
        f"  <style>\n{_STYLE}\n  </style>",
        (
            '  <defs>\n    <marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
            'markerHeight="7" orient="auto-start-reverse">\n      '
            '<path d="M0 0 L10 5 L0 10 z" style="fill: var(--line)"/>\n    </marker>\n  </defs>'
        ),
        f'  <rect width="{width}" height="{height}" rx="14" style="fill: var(--ground)"/>',
        *(f"  {part}" for part in edges if part.startswith("<path")),
        *(f"  {part}" for part in nodes),
        *(f"  {part}" for part in edges if not part.startswith("<path")),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def escape(text: str) -> str:
    """Write text as XML does, which has no control characters at all."""
    return _escaped("".join(each if each.isprintable() else " " for each in text))


def described(topology: Topology) -> str:
    """Say what the picture shows, for those who cannot see it."""
    sentences: list[str] = []
    for node in topology.nodes:
        if node.kind == PROCESSOR:
            sentences.append(_processor(node, topology))
        elif node.kind == CONSTRUCT:
            sentences += _construct(node, topology)
    return " ".join(sentences) or "Nothing of cdk-streamer."


def _processor(node: Node, topology: Topology) -> str:
    sources = [topology.node(e.source).label for e in topology.edges if e.target == node.id]
    read = f"{node.label} reads {', '.join(sources) or 'nothing'}."
    rules = [f"{rule.id} takes {rule.takes}" for rule in node.rules]
    return f"{read} Of its rules {'; '.join(rules)}." if rules else read


def _construct(node: Node, topology: Topology) -> Iterator[str]:
    for edge in topology.edges:
        if edge.source == node.id:
            said = edge.label or "leads to"
            yield f"{node.label}: {said} {topology.node(edge.target).label}."


def _once(topology: Topology, layout: Layout) -> Iterator[Edge]:
    """Give each arrow once; what flows to the left shares one way, whatever rule it comes from."""
    found: dict[tuple[str, str, str, bool], list[str]] = {}
    for edge in topology.edges:
        rule = "" if (edge.source, edge.target) in layout.lanes else edge.rule
        said = found.setdefault((edge.source, edge.target, rule, edge.reads), [])
        said += [line for line in edge.lines if line not in said]
    for (source, target, rule, reads), said in found.items():
        yield Edge(source=source, target=target, label=", ".join(said), rule=rule, reads=reads)


def _drawn(node: Node, box: Box) -> Iterator[str]:
    kind = _class(node.kind)
    yield (
        f'<rect class="{kind}" x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" '
        f'height="{box.height:g}" rx="9"/>'
    )
    yield _text("name", (box.x + _PAD, box.y + 19), node.label, box.width)
    yield _text(
        "note", (box.x + _PAD, box.y + 36), node.note or node.kind.replace("_", " "), box.width
    )
    for number, rule in enumerate(node.rules):
        y = box.y + HEAD + RULE * number
        yield (
            f'<rect class="rule" x="{box.x + 8:g}" y="{y:g}" width="{box.width - 16:g}" '
            f'height="{RULE - 4}" rx="6"/>'
        )
        note = f"{rule.flavor}: {rule.takes}"
        yield _text("name", (box.x + _PAD + 6, y + 14), rule.id, box.width - 20)
        yield _text("note", (box.x + _PAD + 6, y + 28), note, box.width - 20)


def _class(kind: str) -> str:
    if kind in {PROCESSOR, CONSTRUCT}:
        return "yours"
    return "store" if kind in _STORES else "queue" if kind in _CHANNELS else "box"


def _text(style: str, place: tuple[float, float], text: str, width: float) -> str:
    x, y = place
    room = int((width - 2 * _PAD) / _CHARACTERS[style])
    shown = text if len(text) <= room else f"{text[: room - 1]}…"
    whole = f"<title>{escape(text)}</title>" if shown != text else ""
    return f'<text class="{style}" x="{x:g}" y="{y:g}">{escape(shown)}{whole}</text>'


def _arrow(edge: Edge, topology: Topology, layout: Layout) -> Iterator[str]:
    source, target = layout.boxes[edge.source], layout.boxes[edge.target]
    rules = [rule.id for rule in topology.node(edge.source).rules]
    start = source.row(rules.index(edge.rule)) if edge.rule in rules else source.middle
    below = layout.lanes.get((edge.source, edge.target))
    style = "arrow reads" if edge.reads else "arrow"
    if below is None:
        ways = layout.ways.get((edge.source, edge.target), ())
        path, lines = _onward(source, start, target, ways), edge.lines
        first = ways[0] if ways else None
        x = (source.right + (first.x if first else target.x)) / 2
        y = (start + (first.y if first else target.middle)) / 2
    else:
        path, lines = _around(source, target, layout, below), [edge.label] if edge.label else []
        x, y = (source.x + target.right) / 2, below
    yield f'<path class="{style}" d="{path}"/>'
    for number, line in enumerate(reversed(lines)):
        yield f'<text class="flow" x="{x:g}" y="{y - 4 - LINE * number:g}">{escape(line)}</text>'


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
