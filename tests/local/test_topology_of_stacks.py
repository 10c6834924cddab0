"""Pictures of an app's constructs, read from templates written by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from cdk_streamer_local.cli import main
from cdk_streamer_local.cloud.assembly import Assembly
from cdk_streamer_local.topology.graph import CONSTRUCT, Topology
from cdk_streamer_local.topology.layout import lay_out
from cdk_streamer_local.topology.stacks import read_stacks
from cdk_streamer_local.topology.svg import svg
from tests.local.assemblies import Json, write


def resource(kind: str, path: str, **properties: Any) -> Json:
    metadata = {"aws:cdk:path": f"Hand/{path}/Resource"}
    return {"Type": f"AWS::{kind}", "Properties": properties, "Metadata": metadata}


def role(path: str, action: str | list[str], target: object, effect: str = "Allow") -> Json:
    statement = {"Effect": effect, "Action": action, "Resource": target}
    document = {"Statement": [statement]}
    return resource("IAM::Role", path, Policies=[{"PolicyDocument": document}])


def arn(name: str) -> Json:
    return {"Fn::GetAtt": [name, "Arn"]}


OURS = {"Environment": {"Variables": {"CDK_STREAMER_SINK_NAME": "Hand/Ledger"}}}
FAR = "arn:aws:sqs:us-east-1:123456789012:far"
# As CDK writes it where the account is known at deployment alone.
NEARBY = {
    "Fn::Join": [
        "",
        ["arn:", {"Ref": "AWS::Partition"}, ":sqs:eu-west-1:", {"Ref": "AWS::AccountId"}, ":near"],
    ]
}
SHOP: dict[str, Json] = {
    "Queue": resource("SQS::Queue", "Ledger/Messages/Queue"),
    "Dead": resource("SQS::Queue", "Ledger/Messages/DeadLetters"),
    "Deliver": resource("Lambda::Function", "Ledger/Deliver/Function", **OURS),
    "Mapping": resource(
        "Lambda::EventSourceMapping",
        "Ledger/Deliver/Source",
        FunctionName={"Ref": "Deliver"},
        EventSourceArn=arn("Queue"),
    ),
    "Prices": resource("DynamoDB::Table", "Prices"),
    "Seller": resource("Lambda::Function", "Seller"),
    "Idle": resource("S3::Bucket", "Idle"),
    "SellerRole": role("Seller/Role", ["sqs:SendMessage", "kms:Decrypt"], arn("Queue")),
    "Reading": role("Seller/Other", "dynamodb:GetItem", arn("Prices")),
    "Far": role("Seller/Far", "sqs:SendMessage", FAR),
    "Nearby": role("Seller/Nearby", "sqs:SendMessage", NEARBY),
    "Denied": role("Seller/Denied", "dynamodb:PutItem", arn("Prices"), effect="Deny"),
    "Logs": role("Seller/Logs", "logs:PutLogEvents", "*"),
}


@pytest.fixture
def shop(tmp_path: Path) -> Topology:
    return read_stacks(Assembly.read(write(tmp_path / "out", SHOP)))


def flows(topology: Topology) -> set[tuple[str, str, str]]:
    return {
        (topology.node(edge.source).label, edge.label, topology.node(edge.target).label)
        for edge in topology.edges
    }


def test_what_a_role_allows_is_what_flows(shop):
    assert flows(shop) == {
        ("Seller", "sends", "Ledger"),
        ("Seller", "sends", "far"),
        ("Seller", "sends", "near"),
        ("Seller", "reads", "Prices"),
    }


def test_a_construct_of_ours_is_one_node_that_says_what_is_in_it(shop):
    [ledger] = [node for node in shop.nodes if node.kind == CONSTRUCT]
    assert (ledger.label, ledger.note) == ("Ledger", "1 function, 2 queues")


def test_what_only_is_read_is_drawn_as_such(shop):
    assert [edge.label for edge in shop.edges if edge.reads] == ["reads"]


def test_what_nothing_flows_to_is_left_out(shop):
    assert "Idle" not in {node.label for node in shop.nodes}


def test_the_picture_is_well_formed_and_tells_what_it_shows(shop):
    picture = svg(shop, "The constructs of Shop")
    assert "Seller" in {element.text for element in ET.fromstring(picture).iter()}  # noqa: S314 - our own
    assert "1 function, 2 queues" in picture


def test_an_app_without_our_constructs_is_refused(tmp_path, capsys):
    folder = write(tmp_path / "out", {"Prices": SHOP["Prices"]})
    assert main(["graph", str(folder)]) == 1
    assert "has no construct of cdk-streamer" in capsys.readouterr().err


def test_the_command_writes_the_same_as_json(tmp_path):
    folder = write(tmp_path / "out", SHOP)
    file = tmp_path / "shop.json"
    assert main(["graph", str(folder), "-o", str(file)]) == 0
    assert "Seller" in {node["label"] for node in json.loads(file.read_text())["nodes"]}


def test_an_arrow_over_a_column_goes_between_its_boxes(tmp_path):
    """Seller reads prices that the ledger reads too: the long arrow passes the ledger."""
    deliver = role("Ledger/Role", "dynamodb:GetItem", arn("Prices"))
    topology = read_stacks(Assembly.read(write(tmp_path / "out", {**SHOP, "Also": deliver})))
    layout = lay_out(topology)
    [way] = layout.ways["Hand/Seller", "Hand/Prices"]
    ledger = layout.boxes["Hand/Ledger"]
    assert (way.x, way.right) == (ledger.x, ledger.right)
    assert not ledger.y <= way.y <= ledger.bottom


def test_inside_a_construct_its_parts_are_nodes_without_the_dead_letters(tmp_path):
    policy = {"deadLetterTargetArn": arn("Dead"), "maxReceiveCount": 5}
    queue = resource("SQS::Queue", "Ledger/Messages/Queue", RedrivePolicy=policy)
    assembly = Assembly.read(write(tmp_path / "out", {**SHOP, "Queue": queue}))

    topology = read_stacks(assembly, "Hand/Ledger")

    assert {node.id: node.kind for node in topology.nodes} == {
        "Hand/Ledger/Messages": "queue",
        "Hand/Ledger/Deliver": "function",
        "Hand/Seller": "function",
    }  # what else the seller does is not of the ledger
    assert {(edge.source, edge.target) for edge in topology.edges} == {
        ("Hand/Ledger/Messages", "Hand/Ledger/Deliver"),
        ("Hand/Seller", "Hand/Ledger/Messages"),
    }
