"""Draws a topology as SVG, for light and dark backgrounds alike."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape as _escaped

from cdk_streamer_local.topology.drawing import Arrow, Figure, Text, draw
from cdk_streamer_local.topology.graph import CONSTRUCT, PROCESSOR, Node, Topology

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
    drawing = draw(topology)
    width, height = drawing.width, drawing.height
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
        *(f"  {_path(arrow)}" for arrow in drawing.arrows),
        *(f"  {part}" for figure in drawing.figures for part in _drawn(figure)),
        *(f"  {_written(text)}" for arrow in drawing.arrows for text in arrow.texts),
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


def _path(arrow: Arrow) -> str:
    style = "arrow reads" if arrow.reads else "arrow"
    return f'<path class="{style}" d="{arrow.path}"/>'


def _drawn(figure: Figure) -> Iterator[str]:
    for shape in figure.shapes:
        yield (
            f'<rect class="{shape.style}" x="{shape.x:g}" y="{shape.y:g}" '
            f'width="{shape.width:g}" height="{shape.height:g}" rx="{shape.corner:g}"/>'
        )
    yield from map(_written, figure.texts)


def _written(text: Text) -> str:
    whole = f"<title>{escape(text.whole)}</title>" if text.whole else ""
    place = f'x="{text.x:g}" y="{text.y:g}"'
    return f'<text class="{text.style}" {place}>{escape(text.text)}{whole}</text>'
