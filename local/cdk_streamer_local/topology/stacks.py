"""Reads what an app is made of: its constructs, and who may do what with which.

Each construct right below a stack is one node, or, inside one that was chosen, each of its
functions, queues and stores. Roles say what flows: whoever may send to a queue does, or it would
not have been allowed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import cast

from cdk_streamer_local.cloud.assembly import Assembly, construct_path
from cdk_streamer_local.topology.flows import GIVES_UP, STORED, Flows, Said, add_flows, edges
from cdk_streamer_local.topology.graph import CONSTRUCT, Node, Topology
from cdk_streamer_local.topology.resources import FUNCTION, KINDS, Resource, resources_of

_OURS = "CDK_STREAMER_"
_WHOLE = 2  # how many names lead to a construct right below its stack
# What stands in a construct of ours under its own kind's name.
_PART = re.compile("/(Function|Queue)$")
_COUNTED = {
    FUNCTION: ("function", "functions"),
    "AWS::SQS::Queue": ("queue", "queues"),
    "AWS::DynamoDB::Table": ("table", "tables"),
    "AWS::DynamoDB::GlobalTable": ("table", "tables"),
    "AWS::ApiGatewayV2::Api": ("API", "APIs"),
    "AWS::ApiGateway::RestApi": ("API", "APIs"),
    "AWS::Scheduler::Schedule": ("schedule", "schedules"),
}


def read_stacks(assembly: Assembly, inside: str | None = None) -> Topology:
    """Give the constructs of all stacks, and what flows between them.

    `inside` is one of them, as `<stack>/<construct>`: then its parts and their neighbours. Queues
    that dead letters end in and nothing else are left out.
    """
    resources = resources_of(assembly)
    groups = {each.id: _group(each) for each in resources.values()}
    parts = _parts(resources.values(), inside) if inside else {}
    groups |= {id: part for id, part in parts.items() if part}
    resources = {id: each for id, each in resources.items() if parts.get(id, id)}
    members: dict[str, list[Resource]] = {}
    for each in resources.values():
        members.setdefault(groups[each.id], []).append(each)
    nodes = {group: _node(group, held) for group, held in members.items()}
    flows = Flows(resources=resources, groups=groups, nodes=nodes, said={})
    for each in resources.values():
        add_flows(flows, each)
    ends = _ends(flows.said)
    said = {way: verbs for way, verbs in flows.said.items() if not ends & set(way)}
    if inside:
        return _inside(nodes, said, set(filter(None, parts.values())) - ends)
    drawn = {id for way in said for id in way}
    shown = [node for node in nodes.values() if node.id in drawn or node.kind == CONSTRUCT]
    return Topology(nodes=tuple(shown), edges=tuple(edges(said)))


def _ends(said: Said) -> set[str]:
    """Give what nothing has to do with but queues that give up."""
    given = {target for (_, target), verbs in said.items() if verbs == [GIVES_UP]}
    others = {id for way, verbs in said.items() for id in way if verbs != [GIVES_UP]}
    return given - others - {source for source, _ in said}


def _inside(nodes: Mapping[str, Node], said: Said, own: set[str]) -> Topology:
    """Give parts and neighbours: arrows are for what moves, what is stored is a note."""
    near = {way: verbs for way, verbs in said.items() if own & set(way)}
    moved = {way: verbs for way, verbs in near.items() if not verbs or set(verbs) - STORED}
    stored: dict[str, list[str]] = {}
    for source, target in near.keys() - moved.keys():
        stored.setdefault(source, []).append(nodes[target].label)
    shown = {id for way in moved for id in way} | own
    return Topology(
        nodes=tuple(
            replace(node, note=f"{node.kind} · {', '.join(sorted(stored[node.id]))}")
            if node.id in stored
            else node
            for node in nodes.values()
            if node.id in shown
        ),
        edges=tuple(edges(moved)),
    )


def _parts(resources: Iterable[Resource], inside: str) -> dict[str, str]:
    """Give the part that each resource inside belongs to: the function of a role; none: empty."""
    within = {each.id: path for each in resources if (path := _path(each)).startswith(f"{inside}/")}
    kinds = {each.id: each.type for each in resources}
    places = {_PART.sub("", path) for id, path in within.items() if kinds[id] in _COUNTED | KINDS}
    return {
        id: max(
            (place for place in places if f"{path}/".startswith(f"{place}/")), key=len, default=""
        )
        for id, path in within.items()
    }


def _path(resource: Resource) -> str:
    path = resource.metadata.get("aws:cdk:path")
    return resource.id if path is None else construct_path(cast("str", path))


def _group(resource: Resource) -> str:
    return "/".join(_path(resource).split("/")[:_WHOLE])


def _node(group: str, members: list[Resource]) -> Node:
    label = group.partition("/")[2] or group
    own = next((each for each in members if each.type in KINDS), members[0])
    if group.count("/") >= _WHOLE:
        label = group.split("/", _WHOLE)[-1]
        return Node(id=group, kind=KINDS.get(own.type) or _plain(own.type), label=label)
    if any(name.startswith(_OURS) for each in members for name in each.variables):
        return Node(id=group, kind=CONSTRUCT, label=label, note=_contents(members))
    return Node(id=group, kind=KINDS.get(own.type) or _plain(own.type), label=label)


def _plain(name: str) -> str:
    return name.rpartition("::")[2].lower()


def _contents(members: list[Resource]) -> str:
    counts = Counter(_COUNTED[each.type] for each in members if each.type in _COUNTED)
    said = [(counts[names], names) for names in dict.fromkeys(_COUNTED.values()) if counts[names]]
    return ", ".join(f"{count} {one if count == 1 else many}" for count, (one, many) in said)
