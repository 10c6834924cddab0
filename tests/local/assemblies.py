"""Cloud assemblies written by hand: a test that needs no construct need not wait for synthesis."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]

ROLE: Json = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    },
}


def function(code: str, **properties: Any) -> Json:
    """Give a function with its code in the template, `index.handler`, and the role `Role`."""
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Code": {"ZipFile": code},
            "Timeout": 5,
            **properties,
        },
    }


def write(folder: Path, resources: dict[str, Json], *, outputs: Json | None = None) -> Path:
    """Write an assembly of one stack, `Hand`, and give its folder.

    A resource without metadata is a construct of its own, right below the stack.
    """
    folder.mkdir(parents=True)
    stack: Json = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://unknown-account/unknown-region",
        "properties": {"templateFile": "Hand.template.json"},
    }
    placed = {
        name: {"Metadata": {"aws:cdk:path": f"Hand/{name}/Resource"}, **resource}
        for name, resource in resources.items()
    }
    template = {"Resources": placed, **({"Outputs": outputs} if outputs else {})}
    (folder / "Hand.template.json").write_text(json.dumps(template))
    (folder / "manifest.json").write_text(json.dumps({"artifacts": {"Hand": stack}}))
    return folder
