"""Reads what an app is made of: its constructs, and who may do what with which.

Each construct right below a stack is one node. Roles say what flows: whoever may send to a queue
does, or it would not have been allowed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from cdk_streamer_local.cloud.assembly import Assembly, construct_path
from cdk_streamer_local.topology.graph import CONSTRUCT, Edge, Node, Topology
from cdk_streamer_local.topology.references import id_in
from cdk_streamer_local.topology.resources import FUNCTION, KINDS, Json, Resource, resources_of
from cdk_streamer_runtime.contract.streams import ResourceKind

_OURS = "CDK_STREAMER_"
_POLICIES = frozenset({"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"})
_ROLE = "AWS::IAM::Role"
# What somebody allowed does, by what IAM calls it; the first that fits. None: not worth an arrow.
_VERBS: tuple[tuple[str, str, str], ...] = (
    ("lambda", "Invoke", "invokes"),
    ("lambda", "UpdateEventSourceMapping", "pauses"),
    ("sqs", "Send", "sends"),
    ("sqs", "StartMessageMoveTask", "redrives"),
    ("sns", "Publish", "publishes"),
    ("events", "PutEvents", "publishes"),
    ("kinesis", "PutRecord", "writes"),
    ("dynamodb", "PutItem", "writes"),
    ("dynamodb", "UpdateItem", "writes"),
    ("dynamodb", "DeleteItem", "writes"),
    ("dynamodb", "BatchWriteItem", "writes"),
    ("dynamodb", "GetItem", "reads"),
    ("dynamodb", "Query", "reads"),
    ("dynamodb", "Scan", "reads"),
    ("dynamodb", "BatchGetItem", "reads"),
    ("s3", "Put", "writes"),
    ("s3", "Get", "reads"),
    ("states", "StartExecution", "starts"),
    ("secretsmanager", "GetSecretValue", "reads"),
    ("execute-api", "ManageConnections", "posts"),
    ("execute-api", "Invoke", "calls"),
)
_READS = "reads"
_EXTERNAL = {
    "sqs": ResourceKind.QUEUE,
    "lambda": ResourceKind.FUNCTION,
    "dynamodb": ResourceKind.TABLE,
    "s3": ResourceKind.BUCKET,
    "sns": ResourceKind.TOPIC,
    "kinesis": ResourceKind.STREAM,
}
_COUNTED = {
    FUNCTION: ("function", "functions"),
    "AWS::SQS::Queue": ("queue", "queues"),
    "AWS::DynamoDB::Table": ("table", "tables"),
    "AWS::DynamoDB::GlobalTable": ("table", "tables"),
    "AWS::ApiGatewayV2::Api": ("API", "APIs"),
    "AWS::ApiGateway::RestApi": ("API", "APIs"),
    "AWS::Scheduler::Schedule": ("schedule", "schedules"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawing:
    """What was found so far; `groups` is the node that each resource is a part of."""

    resources: Mapping[str, Resource]
    groups: Mapping[str, str]
    nodes: dict[str, Node]
    said: dict[tuple[str, str], list[str]]

    def add(self, source: str, target: str, verb: str) -> None:
        if source != target:
            verbs = self.said.setdefault((source, target), [])
            if verb and verb not in verbs:
                verbs.append(verb)

    def place(self, text: str) -> str | None:
        """Give the node that a reference is about; what others have made becomes one, by name."""
        id = id_in(text)
        if id in self.groups:
            return self.groups[id]
        # What a template leaves open, like ⟦Stack/AWS::Partition⟧, has colons of its own.
        arn = re.sub("⟦.*?⟧", "", text)
        kind = _EXTERNAL.get(arn.split(":")[2]) if arn.startswith("arn:") else None
        if kind is None or not id or "*" in id:
            return None
        self.nodes.setdefault(id, Node(id=id, kind=kind, label=id))
        return id


def read_stacks(assembly: Assembly) -> Topology:
    """Give the constructs of all stacks, and what flows between them."""
    resources = resources_of(assembly)
    groups = {each.id: _group(each) for each in resources.values()}
    members: dict[str, list[Resource]] = {}
    for each in resources.values():
        members.setdefault(groups[each.id], []).append(each)
    nodes = {group: _node(group, held) for group, held in members.items()}
    drawing = _Drawing(resources=resources, groups=groups, nodes=nodes, said={})
    for each in resources.values():
        _add_flows(drawing, each)
    drawn = {id for way in drawing.said for id in way}
    shown = [node for node in nodes.values() if node.id in drawn or node.kind == CONSTRUCT]
    return Topology(nodes=tuple(shown), edges=tuple(_edges(drawing.said)))


def _group(resource: Resource) -> str:
    path = resource.metadata.get("aws:cdk:path")
    if path is None:
        return resource.id
    return "/".join(construct_path(cast("str", path)).split("/")[:2])


def _node(group: str, members: list[Resource]) -> Node:
    label = group.partition("/")[2] or group
    if any(name.startswith(_OURS) for each in members for name in each.variables):
        return Node(id=group, kind=CONSTRUCT, label=label, note=_contents(members))
    kind = next((KINDS[each.type] for each in members if each.type in KINDS), None)
    return Node(id=group, kind=kind or _plain(members[0].type), label=label)


def _plain(name: str) -> str:
    return name.rpartition("::")[2].lower()


def _contents(members: list[Resource]) -> str:
    counts = Counter(_COUNTED[each.type] for each in members if each.type in _COUNTED)
    said = [(counts[names], names) for names in dict.fromkeys(_COUNTED.values()) if counts[names]]
    return ", ".join(f"{count} {one if count == 1 else many}" for count, (one, many) in said)


def _add_flows(drawing: _Drawing, resource: Resource) -> None:
    said = resource.references
    here = drawing.groups[resource.id]
    match resource.type:
        case "AWS::Lambda::EventSourceMapping":
            source = drawing.place(said.text(resource.properties.get("EventSourceArn", "")))
            reader = drawing.place(said.text(resource.properties["FunctionName"]))
            if source and reader:
                drawing.add(source, reader, "")
        case "AWS::Scheduler::Schedule":
            target = drawing.place(said.text(resource.properties["Target"]["Arn"]))
            if target:
                drawing.add(here, target, "invokes")
        case "AWS::Events::Rule":
            bus = drawing.place(said.text(resource.properties.get("EventBusName", "")))
            for each in cast("list[Json]", resource.properties.get("Targets", [])):
                target = drawing.place(said.text(each["Arn"]))
                if bus and target:
                    drawing.add(bus, target, "")
        case _:
            for owner, statement in _statements(drawing, resource):
                _add_rights(drawing, owner, resource, statement)


def _statements(drawing: _Drawing, resource: Resource) -> Iterator[tuple[str, Json]]:
    """Give each statement with the node whose functions may do it."""
    here = drawing.groups[resource.id]
    if resource.type == _ROLE:
        documents = [each["PolicyDocument"] for each in resource.properties.get("Policies", [])]
        yield from ((here, each) for document in documents for each in _listed(document))
    if resource.type in _POLICIES:
        for role in resource.properties.get("Roles", []):
            owner = drawing.groups.get(resource.references.id(role), here)
            document = resource.properties["PolicyDocument"]
            yield from ((owner, each) for each in _listed(document))


def _listed(document: Json) -> list[Json]:
    return cast("list[Json]", _values(document.get("Statement", [])))


def _add_rights(drawing: _Drawing, owner: str, resource: Resource, statement: Json) -> None:
    if statement.get("Effect", "Allow") != "Allow":
        return
    verbs = dict.fromkeys(filter(None, map(_verb, _texts(statement.get("Action", [])))))
    for value in _values(statement.get("Resource", [])):
        target = drawing.place(resource.references.text(value)) if verbs else None
        if target is not None:
            for verb in verbs:
                drawing.add(owner, target, verb)


def _verb(action: str) -> str | None:
    service, _, name = action.partition(":")
    fits = (verb for known, start, verb in _VERBS if service == known and name.startswith(start))
    return next(fits, None)


def _texts(value: object) -> list[str]:
    return [str(each) for each in _values(value)]


def _values(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value]


def _edges(said: Mapping[tuple[str, str], list[str]]) -> Iterator[Edge]:
    for (source, target), verbs in said.items():
        # Who writes looks at it as well.
        shown = [verb for verb in verbs if verb != _READS] or verbs
        label = ", ".join(shown)
        yield Edge(source=source, target=target, label=label, reads=shown == [_READS])
