"""What users may import: complete, documented, and cheap to load."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import FunctionType

import pytest

ROOT = Path(__file__).parents[1]
PUBLIC = (
    "cdk_streamer",
    "cdk_streamer_client",
    "cdk_streamer_local",
    "cdk_streamer_runtime",
    "cdk_streamer_runtime.batches",
    "cdk_streamer_runtime.sinks",
    "cdk_streamer_runtime.streams",
    "cdk_streamer_runtime.testing",
)
# Each one is paid at every cold start. asyncio alone would be 45 and a third of the time: whoever
# needs it imports it where an asynchronous handler is run.
RUNTIME_MODULES = 90
# Each one of CDK's is a large module, up to a second of a synth.
SERVICES = 20


def members(package: str) -> Iterator[tuple[str, object]]:
    """Give what the package makes public, and what that makes public in turn."""
    module = import_module(package)
    for name in module.__all__:
        value = getattr(module, name)
        yield f"{package}.{name}", value
        if inspect.isclass(value):
            kinds = (FunctionType, classmethod, staticmethod, property)
            for member, attribute in vars(value).items():
                if isinstance(attribute, kinds) and not member.startswith("_"):
                    yield f"{package}.{name}.{member}", getattr(value, member)


def loaded_by(statement: str, *options: str) -> set[str]:
    """Give the modules that a new interpreter has loaded after the statement."""
    source = f"import sys; sys.path.insert(0, {str(ROOT / 'runtime')!r})\n{statement}\nimport json"
    run = subprocess.run(
        [sys.executable, *options, "-c", f"{source}\nprint(json.dumps(list(sys.modules)))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(run.stdout))


@pytest.mark.parametrize("package", PUBLIC)
def test_all_names_everything_public(package: str):
    module = import_module(package)
    source = ast.parse(inspect.getsource(module))
    imported = {
        alias.asname or alias.name
        for node in ast.walk(source)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cdk_streamer")
        for alias in node.names
    }
    assert imported == set(module.__all__)


@pytest.mark.parametrize("package", PUBLIC)
def test_everything_public_is_documented(package: str):
    silent = [
        name
        for name, value in members(package)
        if (inspect.isclass(value) or callable(value) or isinstance(value, property))
        and (inspect.getdoc(value) or f"{name.rpartition('.')[2]}(").startswith(
            f"{name.rpartition('.')[2]}("  # what a dataclass says of itself
        )
    ]
    assert silent == []


def test_the_runtime_loads_few_modules():
    statement = "from cdk_streamer_runtime import AsyncApp, Progress"
    loaded = loaded_by(statement, "-I", "-S") - loaded_by("", "-I", "-S")
    assert len(loaded) <= RUNTIME_MODULES, sorted(loaded)


def test_the_runtime_loads_no_sdk():
    loaded = loaded_by("from cdk_streamer_runtime import *")
    assert loaded & {"boto3", "botocore", "aws_cdk"} == set()


def test_the_constructs_load_few_services():
    loaded = loaded_by("import cdk_streamer")
    services = {module for module in loaded if re.fullmatch(r"aws_cdk\.aws_\w+", module)}
    assert len(services) <= SERVICES, sorted(services)
