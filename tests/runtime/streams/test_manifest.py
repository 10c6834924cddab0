"""The manifest: what rules are, as another process tells it, without AWS or an environment."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cdk_streamer_runtime.contract.streams import ResourceKind
from cdk_streamer_runtime.streams import StreamApp, Use, rules
from cdk_streamer_runtime.streams.manifest import main, manifest_of
from cdk_streamer_runtime.streams.rules.rule import compile_rules
from cdk_streamer_runtime.streams.topology import topology_of

ROOT = Path(__file__).parents[3]
HANDLERS = """
import re
from cdk_streamer_runtime.streams import StreamApp, rules

print("what a module says while it is imported")
app = StreamApp(rules=[
    rules.Materialize(id="m1", event_type="thing-*", to_update=lambda uow: {}),
])
other = StreamApp(rules=[
    rules.SendMessages(id="s1", event_type="x", to_message=lambda uow: {}, queue="mails"),
])

@app.pipeline("audit", event_type=re.compile("^thing"), own=True)
def audit(stream):
    return stream.filter(lambda uow: True).publish(types=["thing-audited"])

handler = app.handler
send = other.handler

def wrapped(event, context):
    return handler(event, context)
"""


def folder(tmp_path: Path, source: str) -> Path:
    handlers = tmp_path / "handlers"
    handlers.mkdir()
    (handlers / "streams.py").write_text(source)
    return handlers


def ask(handlers: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cdk_streamer_runtime.streams.manifest", str(handlers), *arguments],
        env={"PYTHONPATH": str(ROOT / "runtime"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    return ask(folder(tmp_path_factory.mktemp("app"), HANDLERS))


def test_it_is_json_whatever_the_module_prints(told):
    document = json.loads(told.stdout)
    assert (document["version"], document["codec"]) == (1, False)
    assert told.stderr == "what a module says while it is imported\n"


def test_rules_and_pipelines_are_told(told):
    first, second = json.loads(told.stdout)["rules"]
    assert first == {
        "id": "m1",
        "kind": "materialize",
        "pipelines": [
            {
                "id": "m1",
                "types": [],
                "wildcards": ["thing-*"],
                "patterns": [],
                "predicates": 0,
                "any": False,
                "own": False,
                "steps": ["to_update", "update"],
                "uses": [{"kind": "table", "name": "table", "actions": ["dynamodb:UpdateItem"]}],
                "emits": [],
            }
        ],
    }
    (pipeline,) = second["pipelines"]
    assert second["kind"] == "pipeline"
    assert (pipeline["patterns"], pipeline["own"]) == (["^thing"], True)
    assert pipeline["emits"] == ["thing-audited"]


def test_of_several_apps_the_one_is_told_whose_handler_is_named(tmp_path):
    done = ask(folder(tmp_path, HANDLERS), "--entry-point", "handlers.streams:send")
    (rule,) = json.loads(done.stdout)["rules"]
    assert rule["id"] == "s1"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder whose handlers this process imports, and forgets afterwards."""
    monkeypatch.setattr(sys, "path", sys.path.copy())
    yield tmp_path
    for module in [name for name in sys.modules if name.partition(".")[0] == "handlers"]:
        del sys.modules[module]


WRONG = HANDLERS.replace("to_update", "to_updat")


def test_a_wrong_option_ends_it_with_the_rule_the_option_and_the_users_line(tmp_path):
    done = ask(folder(tmp_path, WRONG))
    assert (done.returncode, done.stdout) == (1, "")
    assert "rule 'm1' (Materialize) has no option 'to_updat'; did you mean 'to_update'?" in (
        done.stderr
    )
    frames = re.findall(r'File "([^"]+)", line (\d+)', done.stderr)
    assert frames[0] == (str(tmp_path / "handlers" / "streams.py"), "7")


@pytest.mark.parametrize(
    ("source", "entry_point", "text"),
    [
        ("handler = 7", "handlers.streams:handler", "must be the handler of a StreamApp, got int"),
        ("", "handlers.streams:handler", "got NoneType; write `app = StreamApp"),
        (HANDLERS, "handlers.streams:wrapped", "must be the handler of a StreamApp, got function"),
        ("", "handlers.other:handler", "No module named 'handlers.other'"),
        ("raise SystemExit(0)", "handlers.streams:handler", "SystemExit: 0"),
        ("def f(:", "handlers.streams:handler", "SyntaxError"),
    ],
)
def test_what_is_no_app_ends_it_with_a_reason(here, capsys, source, entry_point, text):
    code = main([str(folder(here, source)), "--entry-point", entry_point])
    printed = capsys.readouterr()
    assert (code, printed.out, text in printed.err) == (1, "", True)


def test_a_function_around_the_only_handler_is_taken_for_it(here, capsys):
    source = (
        "from cdk_streamer_runtime.streams import StreamApp\n"
        "app = StreamApp()\n"
        "def handler(event, context):\n    return app.handler(event, context)\n"
    )
    assert main([str(folder(here, source))]) == 0
    assert json.loads(capsys.readouterr().out)["rules"] == []


# --- the topology, in this process --------------------------------------------------------------


def topology(*several: rules.Rule) -> Any:
    return topology_of(compile_rules(several))


def cdc(**options: Any) -> rules.Cdc:
    given: dict[str, Any] = {"id": "c1", "event_type": "a", "to_event": lambda _: {}}
    return rules.Cdc(**{**given, **options})


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (re.compile("a"), "a"),
        (re.compile("a", re.IGNORECASE), "(?i)a"),
        (re.compile("(?i)a", re.DOTALL), "(?is)(?i)a"),
    ],
)
def test_the_flags_of_an_expression_stand_in_it(pattern, text):
    (rule,) = topology(cdc(event_type=pattern)).rules
    assert rule.pipelines[0].patterns == (text,)
    assert re.compile(text).search("A") if "i" in text else re.compile(text).search("a")


def test_types_are_told_as_they_were_said():
    (rule,) = topology(cdc(event_type=["a", "b-*", "*", lambda _: True])).rules
    (pipeline,) = rule.pipelines
    assert (pipeline.types, pipeline.wildcards) == (("a",), ("b-*",))
    assert (pipeline.any, pipeline.predicates) == (True, 1)


def test_what_is_done_with_a_resource_is_told_once():
    read = lambda _: {"Key": {}}  # noqa: E731 - an option's value
    (rule,) = topology(
        rules.Update(
            id="u1", event_type="a", get_request=read, query_request=read, to_update=lambda _: {}
        )
    ).rules
    (pipeline,) = rule.pipelines
    assert pipeline.uses == (
        Use(
            kind=ResourceKind.TABLE,
            name="table",
            actions=("dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"),
        ),
    )


def test_an_app_tells_whether_others_can_read_its_records():
    assert manifest_of(StreamApp())["codec"] is False
    assert manifest_of(StreamApp(decode=json.loads))["codec"] is True


def test_it_is_the_same_text_each_time():
    app = StreamApp(rules=[cdc(), cdc(id="c2", event_type=["b", "a"])])
    assert json.dumps(manifest_of(app)) == json.dumps(manifest_of(app))
