"""What the README and the docs say is so: code runs, links lead somewhere, tables are complete."""

from __future__ import annotations

import inspect
import io
import json
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from functools import cache
from inspect import signature
from pathlib import Path
from types import ModuleType
from typing import Any

import botocore.session
import pytest
from aws_cdk import App, Stack, assertions
from botocore import xform_name

from benchmarks import costs, sink_costs, timer_costs
from benchmarks.bill import Bill
from cdk_streamer import (
    AsyncRequestApi,
    Auth,
    CircuitBreaker,
    DurableBatch,
    PeriodicTimer,
    StreamProcessor,
    StreamSource,
    ThrottledSink,
)
from cdk_streamer_local.cli import main
from cdk_streamer_runtime import (
    AsyncApp,
    batches as runtime_batches,
    contract,
    sinks as runtime_sinks,
    streams as runtime_streams,
)
from cdk_streamer_runtime.batches import Batch
from cdk_streamer_runtime.contract import batches, sinks, streams, timers
from cdk_streamer_runtime.outgoing import CALL_BYTES
from cdk_streamer_runtime.requests.transitions import TRANSITIONS
from cdk_streamer_runtime.sinks import Sink
from cdk_streamer_runtime.sinks.sending import KEY_CHARACTERS
from cdk_streamer_runtime.streams import StreamApp
from cdk_streamer_runtime.streams.claims.unpacking import LARGEST
from cdk_streamer_runtime.streams.faults.fault import FAULT_BYTES
from cdk_streamer_runtime.streams.routing.router import REMEMBERED_TYPES
from cdk_streamer_runtime.streams.sinks import limits as stream_limits
from cdk_streamer_runtime.testing import MemoryBatch, MemoryProcessor, MemorySink, TestClient

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
WITH_CODE = [page for page in PAGES if "```python" in page.read_text()]
# What the CDK's own command line can do, of which this repository has no copy.
CDK_COMMANDS = {"bootstrap", "deploy", "destroy", "diff", "synth"}
# Parts of steps and from-functions, which rules and pipelines need not name.
PARTS = {"BulkCall", "Entry", "Gather", "Outcome", "Place", "Reason", "Spread", "World"}


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def prose(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def table(page: str, header: str) -> list[list[str]]:
    """Give the cells of the table whose first header cell is this one."""
    lines = (ROOT / page).read_text().partition(f"\n| {header} |")[2].splitlines()[2:]
    rows: list[list[str]] = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return rows


def documents(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


# --- code -----------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stand in a new folder whose packages can be imported, and forget them afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for module in set(sys.modules) - before:
        if module.partition(".")[0] in {"handlers", "page"}:
            del sys.modules[module]


def write_files(page: Path, folder: Path) -> None:
    """Write the blocks that begin with their file's name."""
    for block in blocks(page, "python"):
        named = re.match(r"# ([\w/]+\.py)\n", block)
        if named:
            path = folder / named[1]
            path.parent.mkdir(exist_ok=True)
            path.write_text(block)


def run(page: Path, folder: Path) -> dict[str, object]:
    """Run the page's blocks one after the other, as one module, and give its names."""
    write_files(page, folder)
    module = ModuleType("page")
    sys.modules["page"] = module
    for number, block in enumerate(blocks(page, "python"), 1):
        exec(compile(block, f"{name(page)}, block {number}", "exec"), vars(module))  # noqa: S102
    return vars(module)


@pytest.mark.parametrize("page", WITH_CODE, ids=name)
def test_the_code_of_a_page_runs_from_top_to_bottom(page: Path, folder: Path):
    (folder / "handlers").mkdir()
    (folder / "handlers" / "requests.py").write_text(blocks(ROOT / "README.md", "python")[1])

    names = run(page, folder)

    # A test that asks for a fixture needs pytest itself; the fixtures have tests of their own.
    tests = [
        test
        for title, test in names.items()
        if title.startswith("test_") and callable(test) and not signature(test).parameters
    ]
    assert all(test() is None for test in tests)


@pytest.fixture
def project_with_tests(folder: Path) -> Path:
    write_files(ROOT / "README.md", folder)
    write_files(ROOT / "docs" / "testing.md", folder)
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    return folder


# In one process, since importing aws_cdk takes seconds.
THREE_RUNS = """
import pathlib, sys, pytest

def run(*words):
    return int(pytest.main(["-q", "-p", "no:asyncio", *words]))

statuses = [run("--snapshot-update"), run("tests/test_template.py")]
app = pathlib.Path("app.py")
app.write_text(app.read_text().replace('"handlers"', '"handlers", http=False'))
statuses.append(run("tests/test_template.py"))
sys.exit(f"statuses: {statuses}")
"""


@pytest.mark.usefixtures("project_with_tests")
def test_the_tests_of_the_page_on_tests_pass_and_see_a_change():
    done = subprocess.run(
        [sys.executable, "-c", THREE_RUNS],
        # One synthesis keeps CDK's own validator, in test_packaging.py; it takes most of the time.
        env={**os.environ, "CDK_VALIDATION": "false"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr.endswith("statuses: [0, 0, 1]\n"), done.stdout + done.stderr


def test_the_messages_of_the_readme_are_those_that_a_client_gets(folder: Path):
    write_files(ROOT / "README.md", folder)
    from handlers.requests import app  # pyright: ignore[reportMissingImports]

    ((sent,), told) = map(documents, blocks(ROOT / "README.md", "json"))

    received = TestClient(app).request(sent["action"], sent["payload"], id=sent["id"])
    assert [
        {key: message[key] for key in shown} for message, shown in zip(received, told, strict=True)
    ] == told


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_json_is_json(page: Path):
    assert all(
        isinstance(document, dict) for text in blocks(page, "json") for document in documents(text)
    )


@pytest.fixture
def readme_template(folder: Path) -> assertions.Template:
    write_files(ROOT / "README.md", folder)
    stack = Stack(App(), "Reports")
    auth = Auth.jwt(issuer="https://id.example.com/", audience=["reports"])
    AsyncRequestApi(stack, "Api", handlers="handlers", auth=auth)
    return assertions.Template.from_stack(stack)


def test_the_readme_counts_every_resource_that_is_created(readme_template: assertions.Template):
    created = Counter(
        resource["Type"] for resource in readme_template.to_json()["Resources"].values()
    )

    told: dict[str, int] = {}
    for types, counts, _ in table("README.md", "resource"):
        service = codes(types)[0].rpartition("::")[0]
        full = [kind if "::" in kind else f"{service}::{kind}" for kind in codes(types)]
        told |= dict(zip(full, map(int, counts.split(", ")), strict=True))
    assert told == dict(created)


# --- tables ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "header", "function", "left_out"),
    [
        ("README.md", "argument", AsyncRequestApi.__init__, {"self", "scope", "id"}),
        ("docs/auth.md", "argument", Auth.jwt, set[str]()),
        (
            "docs/handlers.md",
            "argument of `@app.action(name, ...)`",
            AsyncApp.action,
            {"self", "name"},
        ),
        (
            "docs/timers.md",
            "argument of `PeriodicTimer`",
            PeriodicTimer.__init__,
            {"self", "scope", "id"},
        ),
        (
            "docs/streams.md",
            "argument of `StreamProcessor`",
            StreamProcessor.__init__,
            {"self", "scope", "id"},
        ),
        (
            "docs/streams.md",
            "argument of `StreamSource.kinesis` and `.dynamodb`",
            StreamSource.kinesis,
            {"stream"},
        ),
        ("docs/streams-rules.md", "`StreamApp`", StreamApp.__init__, {"self"}),
        (
            "docs/batches.md",
            "argument of `DurableBatch`",
            DurableBatch.__init__,
            {"self", "scope", "id"},
        ),
        (
            "docs/sinks.md",
            "argument of `ThrottledSink`",
            ThrottledSink.__init__,
            {"self", "scope", "id"},
        ),
        ("docs/sinks.md", "argument of `CircuitBreaker`", CircuitBreaker.__init__, {"self"}),
    ],
)
def test_a_table_of_arguments_names_each_of_them(
    page: str, header: str, function: Callable[..., object], left_out: set[str]
):
    arguments = {argument for row in table(page, header) for argument in codes(row[0])}

    assert arguments == set(inspect.signature(function).parameters) - left_out


def test_the_table_of_test_helpers_names_each_of_them():
    told = {
        codes(row[0])[0].partition("(")[0]
        for row in table("docs/testing.md", "member of `TestClient`")
    }

    members = vars(TestClient(AsyncApp())) | vars(TestClient)
    assert told == {member for member in members if not member.startswith("_")}


def test_the_table_of_a_processor_in_memory_names_each_member():
    told = {
        code.partition("(")[0]
        for row in table("docs/testing.md", "member of `MemoryProcessor`")
        for code in codes(row[0])
    }

    members = vars(MemoryProcessor(StreamApp())) | vars(MemoryProcessor)
    assert told == {member for member in members if not member.startswith("_")}


def test_the_table_of_a_sink_in_memory_names_each_member():
    told = {
        code.partition("(")[0]
        for row in table("docs/testing.md", "member of `MemorySink`")
        for code in codes(row[0])
    }

    sink = Sink()
    sink.deliver(lambda _record: None)
    members = vars(MemorySink(sink)) | vars(MemorySink)
    public = {member for member in members if not member.startswith("_")}
    assert told - {"MemorySink"} == public


def test_the_table_of_a_batch_in_memory_names_each_member():
    told = {
        code.partition("(")[0]
        for row in table("docs/batches.md", "member of `MemoryBatch`")
        for code in codes(row[0])
    }

    batch = Batch()
    batch.discover(lambda _cursor: ([], None))
    members = vars(MemoryBatch(batch)) | vars(MemoryBatch)
    public = {member for member in members if not member.startswith("_")}
    assert told - {"MemoryBatch"} == public


def test_every_public_name_of_batches_is_in_their_page():
    text = (ROOT / "docs" / "batches.md").read_text()

    assert [name for name in runtime_batches.__all__ if not re.search(rf"\b{name}\b", text)] == []


def test_the_table_of_metrics_names_each_of_them():
    told = {codes(row[0])[0] for row in table("docs/operations.md", "metric")}

    assert told == {metric.value for metric in contract.Metric}


def test_the_table_of_timers_metrics_names_each_of_them():
    told = {codes(row[0])[0] for row in table("docs/operations.md", "metric of timers")}

    assert told == {metric.value for metric in timers.TimerMetric}


def test_the_table_of_streams_metrics_names_each_of_them():
    told = {codes(row[0])[0] for row in table("docs/operations.md", "metric of streams")}

    assert told == {metric.value for metric in streams.StreamMetric}


def test_the_table_of_sinks_metrics_names_each_of_them():
    told = {codes(row[0])[0] for row in table("docs/operations.md", "metric of sinks")}

    assert told == {metric.value for metric in sinks.SinkMetric}


def test_every_public_name_of_sinks_is_in_their_page():
    text = (ROOT / "docs" / "sinks.md").read_text()

    assert {name for name in runtime_sinks.__all__ if f"`{name}" not in text} <= {"SinkRecord"}
    assert "SinkRecord" in text


def test_every_public_name_of_streams_is_in_a_page():
    text = "".join(page.read_text() for page in PAGES)

    written = {name for name in runtime_streams.__all__ if re.search(rf"\b{name}\b", text)}
    assert set(runtime_streams.__all__) - written <= PARTS


def test_the_table_of_costs_is_what_the_benchmark_counts():
    assert [tuple(row) for row in table("docs/costs.md", "a million of")] == costs.table()


def test_the_table_of_timers_beside_scheduler_is_what_the_benchmark_counts():
    told = [tuple(row) for row in table("docs/costs.md", "million firings a month")]

    assert told == timer_costs.table()


@pytest.mark.parametrize("batch", [10, 1])
def test_the_formula_of_timers_is_what_the_benchmark_counts(batch: int):
    text = (ROOT / "docs" / "costs.md").read_text()
    fixed, each = timer_costs.prices(batch)

    assert f"`{fixed:.2f} + {each:.3f} * n`" in text
    assert f"meet at {timer_costs.meeting(batch):.1f} million" in text


def test_the_costs_of_sinks_and_batches_in_the_text_are_what_the_benchmark_counts():
    text = re.sub(r"\s+", " ", (ROOT / "docs" / "costs.md").read_text())
    sink = [costs.dollars(bill) for bill in sink_costs.rows().values()]
    item = sink_costs.item()
    recorded = costs.dollars(Bill({"durable operation": item["durable operation"]}))

    assert f"{sink[0]:.2f} + {sink[1]:.2f} + {sink[2]:.2f} dollars a million" in text
    assert f"nobody sends** is {costs.dollars(sink_costs.month()) / 1e4:.0f} cents" in text
    assert f"{recorded:.2f} of {costs.dollars(item):.2f} dollars a million" in text


def test_sending_a_million_firings_costs_six_cents_at_most():
    assert costs.dollars(timer_costs.firing()) <= 0.06


def test_the_table_of_states_tells_what_can_happen():
    told = {
        (before, after)
        for row in table("docs/architecture.md", "from")
        for before in codes(row[0])
        for after in codes(row[1])
    }

    possible = {(before.value, after.value) for (before, _), after in TRANSITIONS.items()}
    assert told <= possible
    assert {after for _, after in told} | {"QUEUED"} == {state.value for state in contract.State}


@pytest.mark.parametrize(
    "limit",
    [
        contract.FRAME_BYTES,
        contract.MESSAGE_BYTES,
        contract.RESULT_BYTES,
        contract.CHUNK_BYTES,
        contract.PROGRESS_BYTES,
        contract.SUBSCRIBERS_PER_CHANNEL,
        FAULT_BYTES,
        LARGEST,
        REMEMBERED_TYPES,
        stream_limits.EVENTS_BYTES,
        stream_limits.RECORDS_BYTES,
        stream_limits.RECORD_BYTES,
        stream_limits.MESSAGES_BYTES,
        stream_limits.TOPIC_BYTES,
        stream_limits.ITEM_BYTES,
        stream_limits.EXECUTION_INPUT_BYTES,
        sinks.MAX_RECEIVES,
        batches.MAX_OPERATIONS,
        batches.MAX_FAILED_IDS,
        CALL_BYTES,
        KEY_CHARACTERS,
    ],
)
def test_a_limit_is_told_as_it_is(limit: int):
    told = " ".join(row[1] for row in table("docs/limits.md", "limit"))
    told += (ROOT / "docs" / "limits.md").read_text()

    assert re.search(rf"\b{limit:,}\b", told)


# --- links ----------------------------------------------------------------------------------------


@cache
def anchors(page: Path) -> set[str]:
    """Give the fragments that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    }


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path):
    broken: list[str] = []
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", prose(page)):
        path, _, fragment = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (fragment and fragment not in anchors(file)):
            broken.append(target)
    assert broken == []


# --- commands -------------------------------------------------------------------------------------


def commands() -> list[str]:
    lines = [line for page in PAGES for block in blocks(page, "sh") for line in block.splitlines()]
    return sorted({line for line in lines if line and not line.startswith("#")})


def exists(command: str) -> bool:
    match command.split():
        case ["make", target, *_]:
            return f"\n{target}:" in (ROOT / "Makefile").read_text()
        case ["cdk-streamer", verb, *_]:
            return f"\n    {verb} " in help_of_the_command_line()
        case ["npx", "aws-cdk@2", verb, *_]:
            return verb in CDK_COMMANDS
        case ["aws", service, operation, *_]:
            return operation in operations(service)
        case ["python", "-m", "pip", "install", what]:
            return extras(what) <= set(project()["optional-dependencies"])
        case ["npm", "install", what]:
            package = json.loads((ROOT / "clients" / "js" / "package.json").read_text())
            return what == package["name"]
        case _:
            return False


@cache
def help_of_the_command_line() -> str:
    help_text = io.StringIO()
    with redirect_stdout(help_text), pytest.raises(SystemExit):
        main(["--help"])
    return help_text.getvalue()


def operations(service: str) -> set[str]:
    model: Any = botocore.session.get_session().get_service_model(service)
    return {xform_name(operation, "-") for operation in model.operation_names}


def project() -> dict[str, dict[str, object]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def extras(requirement: str) -> set[str]:
    named = re.fullmatch(r'"cdk-streamer\[([\w,]+)\]"', requirement)
    return set(named[1].split(",")) if named else {"not this package"}


@pytest.mark.parametrize("command", commands())
def test_a_command_exists(command: str):
    assert exists(command)
