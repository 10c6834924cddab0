"""Reads the topology out of a cloud assembly: its templates say all of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from cdk_streamer_local.cloud.assembly import Assembly
from cdk_streamer_local.topology.graph import PROCESSOR, Edge, Node, Topology
from cdk_streamer_local.topology.references import id_in
from cdk_streamer_local.topology.resources import KINDS, Resource, resources_of
from cdk_streamer_local.topology.rules import flows, rules_of
from cdk_streamer_runtime.contract.streams import FAULT_TYPE, RULES_METADATA, ResourceKind

_NAME = "CDK_STREAMER_STREAM_NAME"
_RESOURCES = "CDK_STREAMER_RESOURCES"
_RULE = "AWS::Events::Rule"
_MAPPING = "AWS::Lambda::EventSourceMapping"
_SERVICES = {
    "kinesis": ResourceKind.STREAM,
    "dynamodb": ResourceKind.TABLE,
    "sqs": ResourceKind.QUEUE,
}
_DEFAULT_BUS = "default"
_TYPES = 3  # as many are said

Json = Mapping[str, Any]


@dataclass(slots=True)
class _Drawing:
    nodes: dict[str, Node] = field(default_factory=dict[str, Node])
    edges: list[Edge] = field(default_factory=list[Edge])

    def add(self, id: str, kind: str, label: str = "") -> str:
        self.nodes.setdefault(id, Node(id=id, kind=kind, label=label or id))
        return id


def read_topology(assembly: Assembly) -> Topology:
    """Give the processors of an assembly, with all that they read and write."""
    resources = resources_of(assembly)
    drawing = _Drawing()
    processors = [each for each in resources.values() if _NAME in each.variables]
    for processor in processors:
        _add_processor(drawing, processor, resources)
    mappings = [each for each in resources.values() if each.type == _MAPPING]
    for mapping in mappings:
        _add_source(drawing, mapping, resources)
    for rule in resources.values():
        if rule.type == _RULE:
            _add_rule(drawing, rule, mappings, resources)
    return Topology(nodes=tuple(drawing.nodes.values()), edges=tuple(drawing.edges))


def _add_processor(
    drawing: _Drawing, processor: Resource, resources: Mapping[str, Resource]
) -> None:
    variables = processor.variables
    manifest = processor.metadata.get(RULES_METADATA, {})
    name = processor.references.text(variables[_NAME])
    drawing.nodes[processor.id] = Node(
        id=processor.id, kind=PROCESSOR, label=name, rules=rules_of(manifest)
    )
    found = json.loads(processor.references.text(variables.get(_RESOURCES, "{}")))
    addresses = {name: id_in(address) for name, address in found.items()}
    for flow in flows(manifest):
        target = addresses.get(flow.resource, flow.resource)
        _add_resource(drawing, target, flow.kind, resources)
        drawing.edges.append(
            Edge(
                source=processor.id,
                target=target,
                label=flow.label,
                rule=flow.rule,
                reads=flow.reads,
            )
        )


def _add_resource(drawing: _Drawing, id: str, kind: str, resources: Mapping[str, Resource]) -> str:
    found = resources.get(id)
    if found is None:
        return drawing.add(id, kind)
    return drawing.add(id, KINDS.get(found.type, kind), found.label)


def _add_source(drawing: _Drawing, mapping: Resource, resources: Mapping[str, Resource]) -> None:
    processor = mapping.references.id(mapping.properties["FunctionName"])
    node = drawing.nodes.get(processor)
    if node is None or node.kind != PROCESSOR:
        return
    arn = mapping.references.text(mapping.properties.get("EventSourceArn", ""))
    source = id_in(arn)
    if _rules_into(source, resources):
        return  # the bus is what it reads; the queue is how
    service = arn.split(":")[2] if arn.startswith("arn:") else ""
    _add_resource(drawing, source, _SERVICES.get(service, ResourceKind.QUEUE), resources)
    drawing.edges.append(Edge(source=source, target=processor))


def _rules_into(queue: str, resources: Mapping[str, Resource]) -> list[Resource]:
    return [each for each in resources.values() if each.type == _RULE and queue in _targets(each)]


def _targets(rule: Resource) -> list[str]:
    targets = cast("list[Json]", rule.properties.get("Targets", []))
    return [rule.references.id(target["Arn"]) for target in targets]


def _add_rule(
    drawing: _Drawing,
    rule: Resource,
    mappings: Sequence[Resource],
    resources: Mapping[str, Resource],
) -> None:
    bus = rule.references.id(rule.properties.get("EventBusName", _DEFAULT_BUS))
    pattern = rule.properties.get("EventPattern", {})
    types = pattern.get("detail-type", [])
    for target in _targets(rule):
        if types == [FAULT_TYPE]:
            _add_faults(drawing, pattern.get("source", []), target, resources)
            continue
        for reader in _readers(target, mappings) or [target]:
            if reader in drawing.nodes or (bus in drawing.nodes and reader in resources):
                _add_resource(drawing, bus, ResourceKind.EVENT_BUS, resources)
                _add_resource(drawing, reader, ResourceKind.QUEUE, resources)
                label = ", ".join(filter(None, map(_said, types[:_TYPES])))
                drawing.edges.append(Edge(source=bus, target=reader, label=label))


def _add_faults(
    drawing: _Drawing, sources: Sequence[object], queue: str, resources: Mapping[str, Resource]
) -> None:
    """Draw faults from their processors; the bus between says nothing."""
    for node in list(drawing.nodes.values()):
        if node.kind == PROCESSOR and node.label in sources:
            _add_resource(drawing, queue, ResourceKind.QUEUE, resources)
            drawing.edges.append(Edge(source=node.id, target=queue, label="faults"))


def _readers(queue: str, mappings: Sequence[Resource]) -> list[str]:
    return [
        each.references.id(each.properties["FunctionName"])
        for each in mappings
        if each.references.id(each.properties.get("EventSourceArn", "")) == queue
    ]


def _said(pattern: object) -> str:
    match pattern:
        case {"prefix": str(text)}:
            return f"{text}*"
        case {"wildcard": str(text)}:
            return text
        case str():
            return pattern
        case _:
            return ""  # all but some
