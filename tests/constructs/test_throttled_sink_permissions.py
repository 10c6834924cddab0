"""What the roles of a sink may do, and whom it lets send and operate."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import aws_iam as iam, aws_kms as kms, aws_lambda as lambda_

from cdk_streamer import Idempotency, RateLimit
from cdk_streamer_runtime.contract.sinks import SinkAddress
from tests.constructs.stacks import (
    actions,
    as_list,
    bare_sink,
    new_api,
    new_function,
    new_stack,
    resources,
    statements,
    template_of,
    the,
    variables,
)
from tests.constructs.test_permissions import CONSUME, LOGS, ROLE, TRACES, granted, service_entries

KEY = {"kms:Decrypt", "kms:GenerateDataKey"}
TABLE_KEY = {
    *KEY,
    *("kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKeyWithoutPlaintext"),
    *("kms:ReEncryptFrom", "kms:ReEncryptTo"),
}
DELIVER = {*CONSUME, "sqs:ChangeMessageVisibility", "sqs:SendMessage"}
CONTROL = {
    *CONSUME,
    *("sqs:ChangeMessageVisibility", "sqs:SendMessage", "sqs:ListMessageMoveTasks"),
    *("sqs:StartMessageMoveTask", "lambda:InvokeFunction"),
    *("lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping", "dynamodb:GetItem"),
    *("dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
}
GOLDEN = {
    "LedgerDelivery": {*DELIVER, "dynamodb:GetItem", "dynamodb:PutItem"},
    "LedgerController": CONTROL,
    "FullDelivery": {
        *DELIVER,
        *TABLE_KEY,
        *(f"dynamodb:{action}Item" for action in ("Delete", "Get", "Put", "Update")),
    },
    "FullController": {*CONTROL, *TABLE_KEY},
    "BareDelivery": DELIVER,
    "BareController": CONTROL - {"lambda:InvokeFunction"},
}
ROWS = {
    "LedgerDelivery": {("circuit",): "GetItem PutItem"},
    "LedgerController": {
        ("circuit",): "GetItem PutItem UpdateItem",
        ("probe",): "BatchGetItem DeleteItem GetItem PutItem UpdateItem",
    },
    "FullDelivery": {
        ("circuit",): "GetItem PutItem",
        ("pace",): "UpdateItem",
        ("delivery#*",): "DeleteItem UpdateItem",
    },
    "BareDelivery": {},
    "OrderedDelivery": {("delivery#*",): "UpdateItem"},
}

# tests/runtime/sinks/test_what_functions_ask_and_tell.py keeps it true.
RIGHTS = Path(__file__).parents[1] / "runtime" / "sinks" / "rights.json"
# What a move task does with the rights of whoever started it.
MOVE = {
    "sqs:DeleteMessage dead_letters",
    "sqs:ReceiveMessage dead_letters",
    "sqs:SendMessage messages",
}
RESOURCES = {
    "MessagesQueue": "messages",
    "MessagesDeadLetters": "dead_letters",
    "Rejected": "rejected",
    "CommandsQueue": "commands",
    "DeliverySource": "mapping",
    "DeliveryFunction": "delivery",
}


@cache
def template() -> dict[str, Any]:
    stack = new_stack()
    key: Any = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:123456789012:key/one")
    bare_sink(stack)
    bare_sink(
        stack,
        "Full",
        rate_limit=RateLimit.per_second(50),
        idempotency=Idempotency(),
        fifo=True,
        encryption_key=key,
    )
    bare_sink(stack, "Bare", circuit_breaker=None)
    bare_sink(stack, "Ordered", circuit_breaker=None, fifo=True)
    return template_of(stack)


# --- roles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GOLDEN)
def test_a_role_may_do_what_its_function_does(name: str):
    assert actions(the(template(), ROLE, f"{name}Role")) == GOLDEN[name] | LOGS | TRACES


@pytest.mark.parametrize(
    ("function", "others"),
    [
        ("delivery", {f"{action} messages" for action in CONSUME}),
        ("controller", {f"{action} commands" for action in CONSUME} | MOVE),
    ],
)
def test_a_role_allows_what_its_function_asks_for_and_what_is_done_in_its_name(
    function: str, others: set[str]
):
    asked = {*json.loads(RIGHTS.read_text())[function]}
    assert rights(f"Full{function.capitalize()}Role") == asked | others


def rights(role: str) -> set[str]:
    """Give actions and what they are allowed on, in the words of the runtime's tests."""
    return {
        f"{action} {about}"
        for statement in statements(the(template(), ROLE, role))
        for action in as_list(statement["Action"])
        if not action.startswith(("kms:", "logs:", "xray:"))
        for about in abouts(statement)
    }


def abouts(statement: dict[str, Any]) -> list[str]:
    condition = statement.get("Condition", {}).get("ForAllValues:StringLike", {})
    keys = [key.removesuffix("#*") for key in condition.get("dynamodb:LeadingKeys", [])]
    return keys or [
        name
        for resource in as_list(statement["Resource"])
        for place, name in RESOURCES.items()
        if f'"Full{place}' in json.dumps(resource)
    ]


@pytest.mark.parametrize("name", ROWS)
def test_a_role_reaches_the_rows_that_its_function_does(name: str):
    reached = {
        tuple(statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]): " ".join(
            action.removeprefix("dynamodb:") for action in as_list(statement["Action"])
        )
        for statement in statements(the(template(), ROLE, f"{name}Role"))
        if str(as_list(statement["Action"])[0]).startswith("dynamodb:")
    }
    assert reached == ROWS[name]


def test_every_action_exists_and_none_is_a_wildcard():
    found = granted(template())
    assert {action for action, _ in found if "*" in action or not service_entries(action)} == set()


def test_a_resource_is_named_wherever_it_can_be():
    assert {action for action, resource in granted(template()) if resource == '"*"'} == TRACES


@pytest.mark.parametrize(
    ("name", "queues"),
    [
        ("LedgerDelivery", {"LedgerRejected", "LedgerCommandsQueue"}),
        ("BareDelivery", {"BareRejected"}),
        ("LedgerController", {"LedgerMessagesQueue", "LedgerCommandsQueue"}),
    ],
)
def test_a_function_sends_where_it_should(name: str, queues: set[str]):
    assert on_queues(name, "sqs:SendMessage") == queues


@pytest.mark.parametrize(
    ("action", "queues"),
    [
        ("sqs:StartMessageMoveTask", {"LedgerMessagesDeadLetters"}),
        (
            "sqs:ReceiveMessage",
            {"LedgerMessagesQueue", "LedgerMessagesDeadLetters", "LedgerCommandsQueue"},
        ),
    ],
)
def test_the_controller_moves_dead_letters_back_and_takes_probes(action: str, queues: set[str]):
    assert on_queues("LedgerController", action) == queues


def test_the_controller_switches_one_mapping_and_invokes_one_function():
    found = {
        action: json.dumps(statement["Resource"])
        for statement in statements(the(template(), ROLE, "LedgerControllerRole"))
        for action in as_list(statement["Action"])
        if action.startswith("lambda:")
    }
    assert (
        ':event-source-mapping:", {"Ref": "LedgerDeliverySource'
        in found["lambda:UpdateEventSourceMapping"]
    )
    assert '{"Fn::GetAtt": ["LedgerDeliveryFunction' in found["lambda:InvokeFunction"]


def test_the_schedule_may_invoke_the_controller_and_nothing_else():
    (statement,) = statements(the(template(), ROLE, "LedgerControllerScheduleRole"))
    assert statement["Action"] == "lambda:InvokeFunction"
    assert statement["Resource"]["Fn::GetAtt"][0].startswith("LedgerControllerFunction")


def on_queues(name: str, action: str) -> set[str]:
    return {
        resource["Fn::GetAtt"][0][:-8]
        for statement in statements(the(template(), ROLE, f"{name}Role"))
        if action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


# --- who sends ------------------------------------------------------------------------------------


def test_a_function_is_told_where_to_send_and_may():
    stack = new_stack()
    function = new_function(stack)
    bare_sink(stack, "Ledger", fifo=True, ordered_by="account").grant_send(function)
    found = template_of(stack)
    told = variables(found, "Publisher")[SinkAddress.variable("Ledger")]
    address = SinkAddress.from_variables("Ledger", {"CDK_STREAMER_SINK_LEDGER": joined(told)})
    assert (address.fifo, address.ordered_by) == (True, "account")
    assert address.queue_url.startswith("LedgerMessagesQueue")
    (statement,) = policy_of(found, "Publisher")
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Resource"]["Fn::GetAtt"][0].startswith("LedgerMessagesQueue")


def test_who_sends_to_an_encrypted_queue_may_use_its_key():
    stack = new_stack()
    function = new_function(stack)
    bare_sink(stack, encryption_key=kms.Key(stack, "Key")).grant_send(function)
    found = {
        action
        for statement in policy_of(template_of(stack), "Publisher")
        for action in as_list(statement["Action"])
    }
    assert found == {"sqs:SendMessage", *KEY}


def test_the_functions_of_other_constructs_can_send():
    stack = new_stack()
    api = new_api(stack)
    bare_sink(stack).grant_send(api.worker)
    assert SinkAddress.variable("Ledger") in variables(template_of(stack), "ApiWorker")


def test_a_function_sends_to_several_sinks_and_to_one_of_them_twice():
    stack = new_stack()
    function = new_function(stack)
    ledger = bare_sink(stack)
    ledger.grant_send(function)
    ledger.grant_send(function)
    bare_sink(stack, "Other").grant_send(function)
    told = variables(template_of(stack), "Publisher")
    assert {"CDK_STREAMER_SINK_LEDGER", "CDK_STREAMER_SINK_OTHER"} <= told.keys()


def test_two_sinks_of_one_name_are_not_told_to_one_function():
    stack = new_stack()
    function = new_function(stack)
    bare_sink(stack, "My-Ledger").grant_send(function)
    other = bare_sink(stack, "My_Ledger")
    with pytest.raises(ValueError, match=r"'My_Ledger'; give the sink another id"):
        other.grant_send(function)


def test_a_sink_whose_variable_is_taken_is_not_told():
    stack = new_stack()
    sink = bare_sink(stack, "Name")
    with pytest.raises(ValueError, match="something else in CDK_STREAMER_SINK_NAME"):
        sink.grant_send(sink.function)


def test_a_function_that_takes_no_variables_is_refused():
    stack = new_stack()
    function = lambda_.Function.from_function_name(stack, "Theirs", "theirs")
    with pytest.raises(
        ValueError, match=r"'Reports/Theirs' is imported.*pass the lambda_.Function"
    ):
        bare_sink(stack).grant_send(function)


# --- who operates ---------------------------------------------------------------------------------


def test_an_operator_may_do_what_the_command_line_does():
    stack = new_stack()
    operator = iam.User(stack, "Operator")
    bare_sink(stack).grant_operate(operator)
    found = {
        resource["Fn::GetAtt"][0][:-8]: set(as_list(statement["Action"]))
        for statement in policy_of(template_of(stack), "Operator")
        for resource in as_list(statement["Resource"])
    }
    given_up = {*CONSUME, "sqs:ChangeMessageVisibility"}
    assert found == {
        "LedgerControllerFunction": {"lambda:InvokeFunction"},
        "LedgerMessagesDeadLetters": given_up,
        "LedgerRejected": given_up,
        "LedgerMessagesQueue": {"sqs:SendMessage"},
    }


def test_an_operator_of_an_encrypted_sink_may_use_its_key():
    stack = new_stack()
    operator = iam.User(stack, "Operator")
    bare_sink(stack, encryption_key=kms.Key(stack, "Key")).grant_operate(operator)
    found = {
        action
        for statement in policy_of(template_of(stack), "Operator")
        for action in as_list(statement["Action"])
    }
    assert found >= KEY


def policy_of(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    (policy,) = (
        policy
        for logical_id, policy in resources(found, "AWS::IAM::Policy").items()
        if logical_id.startswith(name)
    )
    return policy["PolicyDocument"]["Statement"]


def joined(value: Any) -> str:
    return "".join(p if isinstance(p, str) else p["Ref"] for p in value["Fn::Join"][1])
