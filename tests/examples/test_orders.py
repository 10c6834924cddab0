"""The orders example as a whole: the demo, in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
EXAMPLE = EXAMPLES / "orders"
WITHOUT_CDK = (
    "import sys, pytest; sys.modules['aws_cdk'] = None; sys.exit(pytest.main(sys.argv[1:]))"
)
ORDERS = 8


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Run it from a checkout of its own: an app runs once in a folder at a time."""
    checkout = tmp_path_factory.mktemp("orders")
    ignored = shutil.ignore_patterns(".cdk-streamer", "__pycache__")
    shutil.copytree(EXAMPLES, checkout / "examples", ignore=ignored)
    picture = checkout / "out" / "topology.svg"
    arguments = ["--orders", str(ORDERS), "--output", str(picture)]
    done = subprocess.run(
        [sys.executable, "-m", "examples.orders.demo", *arguments],
        cwd=checkout,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    return done, picture


def test_the_demo_sees_a_fault_mends_it_and_has_every_order_in_the_end(demo):
    done, _ = demo

    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    said = done.stdout
    before, mended, after = said.partition("mended ")
    assert mended
    assert f"in the view      {ORDERS - 1} orders" in before
    assert before.count("KeyError") == after.count("resubmitted") >= 1
    assert all(f" order-{number + 1} " in after for number in range(ORDERS))


def test_the_demo_draws_the_processors_and_their_rules(demo):
    drawing = ET.parse(demo[1]).getroot()  # noqa: S314 - drawn just now

    texts = {each.text for each in drawing.iter("{http://www.w3.org/2000/svg}text")}
    assert {"Shop/Trigger", "Shop/Listener", "Shop/Evaluator"} <= texts
    assert {"publish", "view", "promise", "collect", "ready", "late"} <= texts


def test_the_picture_in_the_docs_is_what_the_demo_draws(demo):
    shown = EXAMPLES.parent / "docs" / "images" / "orders.svg"
    assert shown.read_text(encoding="utf-8") == demo[1].read_text(encoding="utf-8")


def test_the_example_passes_its_own_tests_where_there_is_no_cdk():
    arguments = [str(EXAMPLE), "-q", "-p", "no:asyncio", "-p", "no:cacheprovider"]

    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_CDK, *arguments],
        cwd=EXAMPLE.parent,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
