"""Writes a topology as a Mermaid flowchart, which code hosts draw in Markdown.

https://mermaid.js.org/syntax/flowchart.html
"""

from __future__ import annotations

from collections.abc import Iterator

from cdk_streamer_local.topology.graph import Node, Topology
from cdk_streamer_runtime.contract.streams import ResourceKind

_SHAPES: dict[str, tuple[str, str]] = {
    ResourceKind.TABLE: ('[("', '")]'),
    ResourceKind.BUCKET: ('[("', '")]'),
    ResourceKind.QUEUE: ('[["', '"]]'),
    ResourceKind.EVENT_BUS: ('{{"', '"}}'),
    ResourceKind.STREAM: ('[["', '"]]'),
    ResourceKind.TOPIC: ('{{"', '"}}'),
}


def mermaid(topology: Topology) -> str:
    """Write it; the same topology gives the same text."""
    return "\n".join(["flowchart LR", *(f"  {line}" for line in _lines(topology))]) + "\n"


def _lines(topology: Topology) -> Iterator[str]:
    names = {node.id: f"n{number}" for number, node in enumerate(topology.nodes)}
    rules = {
        (node.id, rule.id): f"{names[node.id]}r{number}"
        for node in topology.nodes
        for number, rule in enumerate(node.rules)
    }
    for node in topology.nodes:
        yield from _node(node, names[node.id], rules)
    for edge in topology.edges:
        source = rules.get((edge.source, edge.rule), names[edge.source])
        arrow = "-.->" if edge.reads else "-->"
        label = f'|"{_said(edge.label)}"|' if edge.label else ""
        yield f"{source} {arrow}{label} {names[edge.target]}"


def _node(node: Node, name: str, rules: dict[tuple[str, str], str]) -> Iterator[str]:
    if not node.rules:
        left, right = _SHAPES.get(node.kind, ('["', '"]'))
        yield f"{name}{left}{_said(node.label)}{right}"
        return
    yield f'subgraph {name}["{_said(node.label)}"]'
    for rule in node.rules:
        text = _said(f"{rule.id}: {rule.takes}")
        yield f'  {rules[node.id, rule.id]}["{text}"]'
    yield "end"


def _said(text: str) -> str:
    # https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters
    return text.replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;")
