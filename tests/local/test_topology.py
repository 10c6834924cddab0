"""Pictures of an app's stream processors, read from templates written by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_local.cli import main
from cdk_streamer_local.cloud.assembly import Assembly
from cdk_streamer_local.topology.graph import PROCESSOR, Edge, Node, Rule, Topology
from cdk_streamer_local.topology.layout import Box, lay_out
from cdk_streamer_local.topology.mermaid import mermaid
from cdk_streamer_local.topology.reading import read_topology
from cdk_streamer_local.topology.svg import svg
from cdk_streamer_runtime.contract.streams import ResourceKind
from tests.local.assemblies import Json


def processor(name: str, resources: Json, *pipelines: Json, flavor: str = "Materialize") -> Json:
    """Give a function as a StreamProcessor writes it."""
    text = json.dumps({key: f"|{value}|" for key, value in resources.items()})
    parts = text.split("|")
    joined = [{"Ref": part} if number % 2 else part for number, part in enumerate(parts)]
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Environment": {
                "Variables": {
                    "CDK_STREAMER_STREAM_NAME": name,
                    "CDK_STREAMER_RESOURCES": {"Fn::Join": ["", joined]},
                }
            }
        },
        "Metadata": {
            "cdk-streamer:rules": {
                "version": 1,
                "rules": [{"id": name, "kind": flavor, "pipelines": list(pipelines)}],
            }
        },
    }


def pipeline(id: str, *uses: Json, types: list[str], emits: tuple[str, ...] = ()) -> Json:
    return {"id": id, "types": types, "uses": list(uses), "emits": list(emits)}


def use(kind: str, name: str, *actions: str) -> Json:
    return {"kind": kind, "name": name, "actions": list(actions)}


def mapping(function: str, source: Any) -> Json:
    return {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {"FunctionName": {"Ref": function}, "EventSourceArn": source},
    }


def rule(bus: str, pattern: Json, queue: str) -> Json:
    target = {"Arn": {"Fn::GetAtt": [queue, "Arn"]}, "Id": "Target0"}
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "EventBusName": {"Ref": bus},
            "EventPattern": pattern,
            "Targets": [target],
        },
    }


SHOP: dict[str, Json] = {
    "Orders": {"Type": "AWS::DynamoDB::Table"},
    "Bus": {"Type": "AWS::Events::EventBus"},
    "View": {"Type": "AWS::DynamoDB::Table"},
    "Inbox": {"Type": "AWS::SQS::Queue"},
    "Faults": {"Type": "AWS::SQS::Queue"},
    "Elsewhere": {"Type": "AWS::Lambda::Function", "Properties": {}},
    "Trigger": processor(
        "Shop-Trigger",
        {"bus": "Bus"},
        pipeline(
            "publish",
            use("event_bus", "bus", "events:PutEvents"),
            types=["order-created"],
            emits=("order-created", "order-paid"),
        ),
        flavor="Cdc",
    ),
    "Listener": processor(
        "Shop-Listener",
        {"bus": "Bus", "table": "View"},
        pipeline(
            "view",
            use("table", "table", "dynamodb:UpdateItem"),
            use("table", "prices", "dynamodb:GetItem"),
            types=["order-created", "order-paid", "order-packed", "order-sent"],
        ),
    ),
    "TriggerSource": mapping("Trigger", {"Fn::GetAtt": ["Orders", "StreamArn"]}),
    "ListenerSource": mapping("Listener", {"Fn::GetAtt": ["Inbox", "Arn"]}),
    "Wanted": rule("Bus", {"detail-type": ["order-created", {"prefix": "order-"}]}, "Inbox"),
    "Broken": rule("Bus", {"detail-type": ["fault"], "source": ["Shop-Listener"]}, "Faults"),
}


def assembly(folder: Path, resources: dict[str, Json] = SHOP) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    placed = {
        name: {
            **each,
            "Metadata": {"aws:cdk:path": f"Shop/{name}/Resource", **each.get("Metadata", {})},
        }
        for name, each in resources.items()
    }
    stack = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://unknown-account/unknown-region",
        "properties": {"templateFile": "Shop.json"},
    }
    (folder / "Shop.json").write_text(json.dumps({"Resources": placed}))
    (folder / "manifest.json").write_text(json.dumps({"artifacts": {"Shop": stack}}))
    return folder


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Topology:
    folder = tmp_path_factory.mktemp("shop")
    return read_topology(Assembly.read(assembly(folder)))


def arrows(topology: Topology) -> set[tuple[str, str, str]]:
    return {
        (topology.node(edge.source).label, edge.label, topology.node(edge.target).label)
        for edge in topology.edges
    }


def test_a_processor_is_shown_with_its_source_and_what_its_rules_write(shop: Topology):
    assert ("Orders", "", "Shop-Trigger") in arrows(shop)
    assert ("Shop-Trigger", "order-created, order-paid", "Bus") in arrows(shop)
    assert ("Shop-Listener", "", "View") in arrows(shop)


def test_a_queue_between_a_bus_and_its_reader_is_left_out(shop: Topology):
    assert ("Bus", "order-created, order-*", "Shop-Listener") in arrows(shop)
    assert "Inbox" not in {node.label for node in shop.nodes}


def test_faults_are_followed_to_their_queue(shop: Topology):
    assert ("Shop-Listener", "faults", "Faults") in arrows(shop)


def test_what_a_rule_only_reads_is_told_from_what_it_writes(shop: Topology):
    read = {(edge.rule, edge.target) for edge in shop.edges if edge.reads}
    assert read == {("view", "prices")}


def test_what_has_nothing_to_do_with_processors_is_not_drawn(shop: Topology):
    assert "Elsewhere" not in {node.label for node in shop.nodes}


def test_rules_say_their_flavor_and_their_events(shop: Topology):
    (shown,) = next(node for node in shop.nodes if node.label == "Shop-Listener").rules
    assert shown == Rule(
        id="view",
        flavor="Materialize",
        takes="order-created, order-paid, order-packed and 1 more",
    )


def test_a_resource_of_another_stack_or_account_is_known_by_its_name(tmp_path: Path):
    arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/ledger/stream/2026-01-01T00:00"
    resources = {"P": processor("P", {}), "Source": mapping("P", arn)}
    topology = read_topology(Assembly.read(assembly(tmp_path, resources)))
    assert arrows(topology) == {("ledger", "", "P")}
    assert topology.node("ledger").kind is ResourceKind.TABLE


# --- layout -------------------------------------------------------------------------------------

IDS = [f"n{number}" for number in range(8)]


@st.composite
def topologies(draw: st.DrawFn) -> Topology:
    ids = draw(st.lists(st.sampled_from(IDS), min_size=1, unique=True))
    texts = st.text(max_size=30)
    nodes = [
        Node(
            id=id,
            kind=draw(st.sampled_from([PROCESSOR, *ResourceKind])),
            label=draw(texts),
            rules=tuple(
                Rule(id=f"r{number}", flavor="Cdc", takes=draw(texts))
                for number in range(draw(st.integers(0, 2)))
            ),
        )
        for id in ids
    ]
    ends = st.sampled_from(ids)
    edges = draw(
        st.lists(
            st.builds(
                Edge,
                source=ends,
                target=ends,
                label=texts,
                rule=st.sampled_from(["", "r0"]),
                reads=st.booleans(),
            ),
            max_size=12,
        )
    )
    return Topology(nodes=nodes, edges=edges)


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.right
        and other.x < one.right
        and one.y < other.bottom
        and other.y < one.bottom
    )


@settings(max_examples=60)
@given(topologies())
def test_no_box_covers_another_and_all_are_inside(topology: Topology):
    layout = lay_out(topology)
    boxes = list(layout.boxes.values())
    assert len(boxes) == len(topology.nodes)
    assert not [
        (one, other)
        for n, one in enumerate(boxes)
        for other in boxes[n + 1 :]
        if overlap(one, other)
    ]
    assert all(box.x >= 0 and box.right <= layout.width for box in boxes)
    assert all(box.y >= 0 and box.bottom <= layout.height for box in boxes)


@settings(max_examples=60)
@given(topologies())
def test_what_does_not_flow_to_the_right_has_a_way_of_its_own(topology: Topology):
    layout = lay_out(topology)
    back = {
        (edge.source, edge.target)
        for edge in topology.edges
        if layout.boxes[edge.target].x <= layout.boxes[edge.source].x
    }
    assert layout.lanes.keys() == back
    assert len(set(layout.lanes.values())) == len(back)


def test_without_a_circle_all_flows_to_the_right(shop: Topology):
    assert lay_out(shop).lanes == {}


# --- pictures -----------------------------------------------------------------------------------


@settings(max_examples=60)
@given(topologies())
def test_any_label_is_drawn_as_text_and_never_as_markup(topology: Topology):
    root = ET.fromstring(svg(topology, "A <title> & more"))  # noqa: S314 - our own text
    assert root[0].text == "A <title> & more"
    assert {each.tag.rpartition("}")[2] for each in root.iter()} <= {
        *("svg", "title", "desc", "style", "defs", "marker", "path", "rect", "text"),
    }


def test_a_picture_says_in_words_what_it_shows(shop: Topology):
    text = svg(shop, "Shop")
    assert "Shop-Trigger reads Orders. Of its rules publish takes order-created." in text


def test_a_flowchart_has_rules_inside_their_processor(shop: Topology):
    lines = mermaid(shop).splitlines()
    assert lines[0] == "flowchart LR"
    start = lines.index('  subgraph n0["Shop-Trigger"]')
    assert lines[start + 1 : start + 3] == ['    n0r0["publish: order-created"]', "  end"]


def test_a_flowchart_survives_quotes(shop: Topology):
    hostile = Topology(
        nodes=[Node(id="a", kind=ResourceKind.TABLE, label='a "b" <c> #d')], edges=[]
    )
    assert mermaid(hostile).splitlines()[1] == '  n0[("a #quot;b#quot; #lt;c> #35;d")]'


# --- the command --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "beginning"),
    [("a.svg", "<svg "), ("a.mmd", "flowchart"), ("a.json", "{"), ("a", "<svg ")],
)
def test_the_format_follows_the_name_of_the_file(tmp_path: Path, name: str, beginning: str):
    out = tmp_path / name
    status = main(["streams", "graph", str(assembly(tmp_path / "cdk.out")), "-o", str(out)])
    assert (status, out.read_text()[: len(beginning)]) == (0, beginning)


def test_a_name_that_no_format_has_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "a.png"
    arguments = ["streams", "graph", str(assembly(tmp_path / "cdk.out")), "-o", str(out)]

    assert main(arguments) == 1
    assert not out.exists()
    assert "ends in one of .svg, .md, .mmd, .json, or a --format" in capsys.readouterr().err

    assert main([*arguments, "--format", "svg"]) == 0
    assert out.read_text().startswith("<svg ")


def test_an_app_without_processors_is_told_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    place = assembly(tmp_path / "cdk.out", {"Topic": {"Type": "AWS::SNS::Topic"}})
    assert main(["streams", "graph", str(place)]) == 1
    assert "has no StreamProcessor" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_told_before_the_app_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "app.py").write_text("raise RuntimeError")

    assert main(["streams", "graph", str(tmp_path), "-o", str(tmp_path / "none" / "x.svg")]) == 1

    assert "there is no folder" in capsys.readouterr().err
