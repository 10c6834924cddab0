"""What synthesis learns of rules, which run in a process of their own, and makes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import aws_dynamodb as dynamodb, aws_events as events
from aws_cdk.assertions import Annotations, Match

from cdk_streamer import StreamSource
from cdk_streamer._streams import manifest as reader
from cdk_streamer._streams.filters import of_bus, of_changes, of_json, of_whole_bus
from cdk_streamer._streams.manifest import Manifest, Types
from tests.constructs.stacks import (
    actions,
    bare_processor,
    new_bus_source,
    new_stack,
    template_of,
    the,
)

MAPPING, ROLE, RULE = "AWS::Lambda::EventSourceMapping", "AWS::IAM::Role", "AWS::Events::Rule"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give an empty folder of handlers."""
    found = tmp_path / "work"
    found.mkdir()
    return found


def written(folder: Path, source: str) -> dict[str, Any]:
    """Write handlers, and give what a construct is told of them."""
    (folder / "streams.py").write_text(source)
    return {"handlers": folder}


def source_of(*rules: str) -> str:
    lines = ["from cdk_streamer_runtime.streams import StreamApp, rules", "app = StreamApp(rules=["]
    return "\n".join([*lines, *rules, "])", "handler = app.handler", ""])


def failed(settings: dict[str, Any]) -> str:
    stack = new_stack()
    with pytest.raises(ValueError, match=r"\S") as refused:
        bare_processor(stack, **settings)
    assert [child.node.id for child in stack.node.children] == ["ListenerStream"]
    return str(refused.value)


# --- what is read ---------------------------------------------------------------------------------


def test_a_role_may_do_what_its_rules_do():
    stack = new_stack()
    bare_processor(stack)
    found = actions(the(template_of(stack), ROLE, "ListenerProcessor"))
    assert {name for name in found if name.startswith(("dynamodb:", "events:"))} == {
        "dynamodb:UpdateItem",
        "events:PutEvents",
    }


def test_a_wrong_option_of_a_rule_fails_at_synthesis_with_its_name(folder: Path):
    said = failed(written(folder, source_of("rules.Cdc(id='c1', to_evnt=print),")))
    assert "cannot read the rules of 'work.streams:handler'" in said
    assert "rule 'c1' (Cdc) has no option 'to_evnt'; did you mean 'to_event'?" in said
    assert "pass grants= and event_types=" in said


def test_an_error_of_handlers_is_told_with_its_traceback(folder: Path):
    said = failed(
        written(folder, "def load():\n    raise LookupError('no such thing')\n\nload()\n")
    )
    assert 'streams.py", line 2, in load' in said
    assert said.endswith("LookupError: no such thing")


def test_what_handlers_print_is_no_part_of_the_manifest(folder: Path):
    stack = new_stack()
    bare_processor(stack, **written(folder, "print('hello')\n" + source_of()))
    assert "hello" not in json.dumps(template_of(stack))


def test_handlers_find_their_environment(folder: Path):
    source = "import os\nassert os.environ['SHOP'] == 'north'\n" + source_of()
    bare_processor(new_stack(), environment={"SHOP": "north"}, **written(folder, source))


def test_rules_are_read_once_for_the_same_content(monkeypatch: pytest.MonkeyPatch):
    bare_processor(new_stack())
    asked: list[object] = []
    monkeypatch.setattr(reader, "_ask", lambda *found: asked.append(found) or {})
    bare_processor(new_stack())
    assert asked == []


def test_rules_that_changed_are_read_again(folder: Path):
    first, second = new_stack(), new_stack()
    bare_processor(first, **written(folder, source_of()))
    bare_processor(
        second, **written(folder, source_of("rules.Cdc(id='c', event_type='*', to_event=print),"))
    )
    assert template_of(first) != template_of(second)


def test_handlers_of_requirements_find_them(folder: Path):
    (folder / "requirements.txt").write_text("markupsafe==3.0.2\n")
    source = "import markupsafe\nassert markupsafe.__version__ == '3.0.2'\n" + source_of()
    bare_processor(new_stack(), **written(folder, source))


def test_what_is_no_manifest_is_refused():
    with pytest.raises(ValueError, match="which is no manifest of version 1"):
        reader._checked('{"version": 2}', "handlers.streams:handler")  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    with pytest.raises(ValueError, match="let an import of handlers write nothing to stdout"):
        reader._checked("hello", "handlers.streams:handler")  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]


def test_rules_that_keep_events_need_the_keys_of_a_table(folder: Path):
    settings = written(folder, source_of("rules.Collect(id='c', event_type='thing-created'),"))
    key = dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING)
    table = dynamodb.Table(new_stack(), "Mine", partition_key=key)
    assert "table lacks the string keys ['pk', 'sk']" in failed({**settings, "table": table})


# --- filters --------------------------------------------------------------------------------------

THINGS = Types(exact=("order-paid", "thing-created"), wildcards=("user-*",))


def test_records_of_other_types_cost_no_invocation():
    stack = new_stack()
    bare_processor(stack, filter=True)
    (found,) = the(template_of(stack), MAPPING, "Listener")["FilterCriteria"]["Filters"]
    assert json.loads(found["Pattern"]) == {
        "data": {"type": ["thing-created", "thing-deleted", "thing-updated"]}
    }


def test_without_a_word_nothing_is_filtered():
    stack = new_stack()
    bare_processor(stack)
    assert "FilterCriteria" not in the(template_of(stack), MAPPING, "Listener")


def test_types_may_be_named_in_place_of_those_of_the_rules():
    stack = new_stack()
    bare_processor(stack, filter=True, event_types=["order-*"], source=StreamSource.sqs())
    (found,) = the(template_of(stack), MAPPING, "Listener")["FilterCriteria"]["Filters"]
    assert json.loads(found["Pattern"]) == {"body": {"type": [{"prefix": "order-"}]}}


def test_the_filter_of_a_bus_is_its_rules_pattern():
    stack = new_stack()
    bare_processor(stack, filter=True, source=new_bus_source(stack))
    template = template_of(stack)
    assert the(template, RULE, "ListenerSubscription")["EventPattern"] == {
        "detail-type": ["thing-created", "thing-deleted", "thing-updated"]
    }
    assert "FilterCriteria" not in the(template, MAPPING, "Listener")


def test_a_bus_brings_neither_faults_nor_what_this_processor_has_published():
    stack = new_stack()
    bare_processor(stack, source=new_bus_source(stack))
    assert the(template_of(stack), RULE, "ListenerSubscription")["EventPattern"] == {
        "source": [{"anything-but": ["Reports/Listener"]}],
        "detail-type": [{"anything-but": ["fault"]}],
    }


def test_whoever_wants_faults_or_his_own_events_gets_them():
    faults = Types(exact=("fault",))
    assert of_whole_bus("Reports/Listener", faults, own=True) == {"source": [{"prefix": ""}]}


def test_types_become_matchers_of_an_event_source():
    suffixed = Types(exact=("a",), wildcards=("*-done", "user-*"))
    assert of_json(suffixed, member="data") == (
        {"data": {"type": ["a", {"suffix": "-done"}, {"prefix": "user-"}]}},
    )


def test_types_become_matchers_of_a_bus():
    assert of_bus(THINGS) == {
        "detail-type": ["order-paid", "thing-created", {"wildcard": "user-*"}]
    }


@pytest.mark.parametrize(
    ("types", "kinds"),
    [
        (["thing-created"], ["INSERT"]),
        (["thing-updated", "thing-undeleted"], ["MODIFY"]),
        (["thing-created", "order-updated"], ["INSERT", "MODIFY"]),
    ],
)
def test_types_become_kinds_of_changes(types: list[str], kinds: list[str]):
    assert of_changes(Types(exact=tuple(types))) == ({"eventName": kinds},)


@pytest.mark.parametrize("name", ["thing-deleted", "thing-*", "anything"])
def test_a_filter_that_lets_every_change_through_is_refused(name: str):
    # What is marked as deleted is still there, and so it may be any kind of change.
    with pytest.raises(ValueError, match="would let everything through"):
        of_changes(Types(exact=(name,)))


def test_many_types_become_several_filters():
    several = of_json(Types(exact=tuple(f"thing-{n:04}-created" for n in range(400))), member="d")
    assert 1 < len(several) <= 5
    assert all(len(json.dumps(each)) <= 4_096 for each in several)
    assert len([name for each in several for name in each["d"]["type"]]) == 400


def test_too_many_types_are_refused():
    many = Types(exact=tuple(f"thing-{number}-created" for number in range(2_000)))
    with pytest.raises(ValueError, match="an event source has 5; pass fewer event_types"):
        of_json(many, member="data")


def test_a_star_amid_a_type_is_refused():
    with pytest.raises(ValueError, match=r"an event source knows no 'a\*z'"):
        of_json(Types(wildcards=("a*z",)), member="data")


def test_types_that_only_code_knows_are_refused():
    said = failed({"entry_point": "handlers.everything:handler", "filter": True})
    assert "rule 'reads' takes types by an expression or a function" in said


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"event_types": ["a"]}, "event_types are for filter=True; pass it"),
        ({"event_types": "a", "filter": True}, r"must be a list, got 'a'; use \['a'\]"),
        ({"event_types": [], "filter": True}, "must name types like 'thing-created'"),
    ],
)
def test_types_that_mean_nothing_are_refused(settings: dict[str, Any], remedy: str):
    with pytest.raises(ValueError, match=remedy):
        bare_processor(new_stack(), **settings)


def test_a_pattern_and_a_filter_exclude_each_other():
    stack = new_stack()
    source = new_bus_source(stack, pattern=events.EventPattern(source=["shop"]))
    with pytest.raises(ValueError, match="leave one of them out"):
        bare_processor(stack, source=source, filter=True)


def test_a_codec_of_the_users_is_beyond_filters():
    found = Manifest(content={"version": 1, "codec": True, "rules": []})
    assert found.types.open == "the app has a decode= of its own"


def test_an_app_without_rules_is_warned_of(folder: Path):
    stack = new_stack()
    bare_processor(stack, **written(folder, source_of()))
    told = Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("has no rules"))
    assert len(told) == 1
