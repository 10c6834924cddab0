"""What the reports example deploys, synthesized as a user would."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "reports"


@pytest.fixture(scope="module")
def assembly(synthesized: Path) -> Path:
    return synthesized / "reports"


@pytest.fixture(scope="module")
def template(assembly) -> dict[str, Any]:
    return json.loads((assembly / "Reports.template.json").read_text())


def statements(template: dict[str, Any], role: str) -> list[dict[str, Any]]:
    """Give all statements of the role whose logical id starts so."""
    found: list[dict[str, Any]] = []
    for name, resource in template["Resources"].items():
        if name.startswith(role) and resource["Type"] == "AWS::IAM::Role":
            for policy in resource["Properties"]["Policies"]:
                found += policy["PolicyDocument"]["Statement"]
        if name.startswith(role) and resource["Type"] == "AWS::IAM::Policy":
            found += resource["Properties"]["PolicyDocument"]["Statement"]
    return found


def s3_actions(template: dict[str, Any], role: str) -> set[str]:
    actions: set[str] = set()
    for statement in statements(template, role):
        action = statement["Action"]
        actions |= set([action] if isinstance(action, str) else action)
    return {action for action in actions if action.startswith("s3:")}


def test_the_worker_may_read_and_write_objects_and_nothing_else(template):
    assert s3_actions(template, "ApiWorkerRole") == {"s3:GetObject", "s3:PutObject"}


def test_no_other_function_reaches_the_reports(template):
    (bucket,) = [name for name in template["Resources"] if name.startswith("FilesBucket")][:1]
    reached = {
        name
        for name, resource in template["Resources"].items()
        if resource["Type"] in {"AWS::IAM::Role", "AWS::IAM::Policy"}
        and f'"{bucket}"' in json.dumps(resource)
    }

    assert reached
    assert not [name for name in reached if not name.startswith("ApiWorkerRole")]


def test_the_asset_has_the_handlers_their_page_and_their_packages(assembly):
    assets = json.loads((assembly / "Reports.assets.json").read_text())["files"]
    folders = [assembly / asset["source"]["path"] for asset in assets.values()]
    (folder,) = [folder for folder in folders if (folder / "handlers").is_dir()]

    assert (folder / "handlers" / "page.html").is_file()
    assert (folder / "pygal" / "__init__.py").is_file()


def test_the_locked_requirements_name_no_address():
    lines = (EXAMPLE / "handlers" / "requirements.txt").read_text().splitlines()

    assert not [line for line in lines if "://" in line]
    assert [line for line in lines if line.startswith("pygal==")]
