"""What is deployed of a template that the engine would take for something else."""

from __future__ import annotations

import json
from typing import Any

from cdk_streamer_local.cloud.template import deployable

QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Name"}}}
SECRET = {"Type": "AWS::SecretsManager::Secret", "Properties": {}}


def deployed(**document: Any) -> Any:
    return json.loads(deployable(json.dumps(document).encode()))


def test_a_template_without_anything_special_keeps_its_bytes():
    template = json.dumps({"Resources": {"Queue": QUEUE}}, indent=3).encode()

    assert deployable(template) is template


def test_statistics_are_left_out():
    statistics = {"Type": "AWS::CDK::Metadata"}

    assert deployed(Resources={"Queue": QUEUE, "CDKMetadata": statistics}) == {
        "Resources": {"Queue": QUEUE}
    }


def test_a_secret_is_referred_to_by_its_arn_as_on_aws():
    arn = {"Fn::GetAtt": ["Secret", "Id"]}
    reader = {"Type": "AWS::IAM::Role", "Properties": {"Resource": [{"Ref": "Secret"}]}}

    document = deployed(
        Resources={"Secret": SECRET, "Queue": QUEUE, "Reader": reader},
        Outputs={"Arn": {"Value": {"Fn::Join": ["", [{"Ref": "Secret"}, "-"]]}}},
    )

    assert document["Resources"]["Reader"]["Properties"] == {"Resource": [arn]}
    assert document["Resources"]["Queue"] == QUEUE
    assert document["Outputs"]["Arn"]["Value"] == {"Fn::Join": ["", [arn, "-"]]}
