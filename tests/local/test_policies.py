"""What a role may do on AWS it may do in the engine."""

from __future__ import annotations

from cdk_streamer_local.cloud.policies import translated

QUEUE = "arn:aws:sqs:us-east-1:000000000000:work"
STREAM = "arn:aws:dynamodb:us-east-1:000000000000:table/requests/stream/2026"


def policy(effect: str, actions: list[str] | str, resource: str) -> dict:
    return {"Statement": [{"Effect": effect, "Action": actions, "Resource": resource}]}


def test_who_may_send_one_message_may_send_a_batch():
    (statement,) = translated(policy("Allow", "sqs:SendMessage", QUEUE))["Statement"]

    assert statement["Action"] == ["sqs:SendMessage", "sqs:SendMessageBatch"]
    assert statement["Resource"] == QUEUE


def test_who_may_read_a_stream_may_read_it_where_streams_have_no_name():
    (statement,) = translated(policy("Allow", ["dynamodb:GetRecords"], STREAM))["Statement"]

    assert statement["Resource"] == "*"


def test_what_is_denied_stays_denied_as_narrowly_as_it_was():
    (statement,) = translated(policy("Deny", ["dynamodb:GetRecords"], STREAM))["Statement"]

    assert statement["Resource"] == STREAM


def test_any_other_permission_stays_as_it_is():
    before = policy("Allow", ["dynamodb:GetItem"], "arn:aws:dynamodb:::table/requests")

    assert translated(before) == before
