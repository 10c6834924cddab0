"""Whom firings are for: the user's own function, or one that is made of the user's code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import Duration, Stack, aws_iam as iam, aws_kms as kms, aws_lambda as lambda_
from aws_cdk.assertions import Annotations, Match

from cdk_streamer import PeriodicTimer
from tests.constructs.stacks import (
    called_template,
    new_function,
    new_stack,
    new_timer,
    resources,
    statements,
    template_of,
    the,
    variables,
)

FUNCTION, QUEUE, SOURCE = (
    "AWS::Lambda::Function",
    "AWS::SQS::Queue",
    "AWS::Lambda::EventSourceMapping",
)
POLICY = "AWS::IAM::Policy"
FUNCTION_ARN = "arn:aws:lambda:eu-west-1:123456789012:function:theirs"
ROLE_ARN = "arn:aws:iam::123456789012:role/theirs"
MINUTE = Duration.minutes(1)


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    stack = new_stack()
    new_timer(stack)
    return template_of(stack)


def imported(stack: Stack, *, role: bool = True) -> lambda_.IFunction:
    return lambda_.Function.from_function_attributes(
        stack,
        "Theirs",
        function_arn=FUNCTION_ARN,
        role=iam.Role.from_role_arn(stack, "TheirRole", ROLE_ARN) if role else None,
    )


def granted(template: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Give the statements of the policy that a user's own function gets."""
    return the(template, POLICY, name)["PolicyDocument"]["Statement"]


# --- of handlers ----------------------------------------------------------------------------------


def test_handlers_become_the_callback(template: dict[str, Any]):
    callback = the(template, FUNCTION, "TimerCallbackFunction")
    assert callback["Handler"] == "handlers.timers.handler"
    assert callback["Timeout"] == 60
    assert len(callback["Layers"]) == 1
    assert the(template, QUEUE, "TimerFanOutQueue")["VisibilityTimeout"] == 360


def test_the_callback_may_be_in_another_module(tmp_path: Path):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "polls.py").touch()
    stack = new_stack()
    new_timer(
        stack,
        handlers=tmp_path / "work",
        entry_point="work.polls:poll",
        callback_timeout=Duration.minutes(5),
    )
    callback = the(template_of(stack), FUNCTION, "TimerCallbackFunction")
    assert (callback["Handler"], callback["Timeout"]) == ("work.polls.poll", 300)


# --- of the user's own ----------------------------------------------------------------------------


def test_a_callback_of_the_users_is_told_whose_it_is():
    found = variables(called_template(strict=True), "Mine")
    table = found.pop("CDK_STREAMER_TIMER_TABLE_NAME")
    assert table["Ref"].startswith("TimerTable")
    assert found == {
        "CDK_STREAMER_TIMER_NAME": "Reports/Timer",
        "CDK_STREAMER_TIMER_STRICT": "1",
        "CDK_STREAMER_TIMER_DEDUPE": "0",
    }


def test_a_callback_that_remembers_nothing_is_not_told_of_the_table():
    assert "CDK_STREAMER_TIMER_TABLE_NAME" not in variables(called_template(), "Mine")


@pytest.mark.parametrize("name", ["TimerApiHandler", "TimerDispatcher"])
def test_who_reads_schedules_carries_the_time_zones(template: dict[str, Any], name: str):
    ticker = the(template, FUNCTION, "TimerTicker")["Code"]
    assert the(template, FUNCTION, name)["Code"] != ticker
    assert variables(template, name)["PYTHONTZPATH"] == "/var/task/tzdata/zoneinfo"


def test_a_callback_may_be_set_when_it_needs_the_service():
    stack = new_stack()
    timer = PeriodicTimer(stack, "Timer")
    callback = new_function(stack, "Mine", environment={"TIMERS": timer.url})
    timer.set_callback(callback)
    timer.grant_manage(callback)
    assert timer.callback is callback
    assert the(template_of(stack), SOURCE, "TimerCallback")["FunctionName"]["Ref"].startswith(
        "Mine"
    )


def test_a_timer_without_a_callback_is_no_template():
    stack = new_stack()
    timer = PeriodicTimer(stack, "Timer")
    with pytest.raises(ValueError, match="has no callback; pass callback or handlers"):
        _ = timer.callback
    with pytest.raises(RuntimeError, match="firings have no callback"):
        template_of(stack)


def test_a_second_callback_is_refused():
    stack = new_stack()
    timer = new_timer(stack)
    with pytest.raises(ValueError, match="has a callback; use another PeriodicTimer"):
        timer.set_callback(new_function(stack, "Mine"))


def test_a_callback_of_another_timer_is_refused():
    stack = new_stack()
    callback = new_function(stack, "Mine")
    new_timer(stack, callback=callback)
    with pytest.raises(ValueError, match="is the callback of another PeriodicTimer"):
        new_timer(stack, "Other", callback=callback)


def test_a_callback_may_receive_firings_and_nothing_else():
    (statement,) = granted(called_template(), "TimerCallback")
    assert set(statement["Action"]) == {
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
    }
    assert statement["Resource"]["Fn::GetAtt"][0].startswith("TimerFanOutQueue")


def test_a_strict_callback_reads_timers_and_a_deduping_one_keeps_firings():
    template = called_template(strict=True, dedupe=True)
    of_table = {
        json.dumps(statement["Condition"]): statement["Action"]
        for statement in granted(template, "TimerCallback")
        if "Condition" in statement
    }
    assert [
        (condition, set(actions) if isinstance(actions, list) else {actions})
        for condition, actions in of_table.items()
    ] == [
        (leading("t#*"), {"dynamodb:GetItem"}),
        (leading("f#*"), {f"dynamodb:{name}Item" for name in ("Delete", "Update")}),
    ]


def leading(pattern: str) -> str:
    return json.dumps({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [pattern]}})


def test_a_callback_may_decrypt_firings():
    stack = new_stack()
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:123456789012:key/one")
    new_timer(stack, callback=new_function(stack, "Mine"), encryption_key=key)
    found = granted(template_of(stack), "TimerCallback")
    assert "kms:Decrypt" in {statement["Action"] for statement in found if "kms" in str(statement)}


def test_firings_wait_until_the_callback_may_receive_them():
    found = called_template()["Resources"]
    (name,) = (name for name in found if name.startswith("TimerCallbackSource"))
    assert [other[:19] for other in found[name]["DependsOn"]] == ["TimerCallbackPolicy"]


def test_an_imported_callback_with_a_role_is_allowed_to_receive():
    stack = new_stack()
    new_timer(stack, callback=imported(stack), callback_timeout=MINUTE)
    template = template_of(stack)
    assert "sqs:ReceiveMessage" in json.dumps(resources(template, POLICY))
    assert the(template, QUEUE, "TimerFanOutQueue")["VisibilityTimeout"] == 360
    assert Annotations.from_stack(stack).find_warning("*", Match.any_value()) == []


def test_an_imported_callback_without_a_role_is_warned_of():
    stack = new_stack()
    new_timer(stack, callback=imported(stack, role=False), callback_timeout=MINUTE)
    Annotations.from_stack(stack).has_warning(
        "/Reports/Timer", Match.string_like_regexp("role of 'Reports/Theirs' is not known")
    )


def test_an_alias_may_be_the_callback():
    stack = new_stack()
    alias = lambda_.Alias(
        stack,
        "Live",
        alias_name="live",
        version=new_function(stack, "Mine").current_version,  # pyright: ignore[reportArgumentType]
    )
    new_timer(stack, callback=alias, callback_timeout=MINUTE)
    template = template_of(stack)
    assert '"Ref": "Live' in json.dumps(the(template, SOURCE, "TimerCallback")["FunctionName"])
    assert "Environment" not in the(template, FUNCTION, "Mine")


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({}, "the timeout of 'Reports/Theirs' is not known; pass callback_timeout"),
        ({"strict": True, "callback_timeout": MINUTE}, "pass the lambda_.Function itself"),
        ({"dedupe": True, "callback_timeout": MINUTE}, "pass the lambda_.Function itself"),
    ],
)
def test_what_an_imported_callback_cannot_have_is_refused(settings: dict[str, Any], remedy: str):
    stack = new_stack()
    callback = imported(stack)
    with pytest.raises(ValueError, match=remedy):
        new_timer(stack, callback=callback, **settings)
    assert [child.node.id for child in stack.node.children] == ["TheirRole", "Theirs"]


def test_a_callback_of_handlers_remembers_what_it_is_asked_to():
    stack = new_stack()
    new_timer(stack, dedupe=True)
    role = the(template_of(stack), "AWS::IAM::Role", "TimerCallbackRole")
    conditions = [s["Condition"] for s in statements(role) if "Condition" in s]
    assert json.dumps(conditions) == f"[{leading('f#*')}]"
