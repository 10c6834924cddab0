"""What errors tell, and what they keep to themselves."""

from __future__ import annotations

import pickle

import pytest

from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import (
    AccessDenied,
    AwsError,
    ConditionFailed,
    Gone,
    Throttled,
    TransactionCancelled,
)
from tests.runtime.aws.service import (
    answer,
    fault,
    get,
    raw,
)


def test_a_failed_condition_carries_what_is_stored(client, service):
    stored = {"pk": {"S": "a"}}
    service.answers(fault("ConditionalCheckFailedException", "no", Item=stored))
    with pytest.raises(ConditionFailed) as raised:
        get(client)
    assert raised.value.item == stored


def test_a_cancelled_transaction_tells_a_reason_for_each_write(client, service):
    reasons = [
        {"Code": "None", "Message": None},
        {"Code": "ConditionalCheckFailed", "Message": "no", "Item": {"pk": {"S": "a"}}},
    ]
    service.answers(fault("TransactionCanceledException", "no", CancellationReasons=reasons))
    with pytest.raises(TransactionCancelled) as raised:
        get(client)
    assert raised.value.condition_failed
    assert raised.value.reasons == [
        {"Code": "None"},
        {"Code": "ConditionalCheckFailed", "Item": {"pk": {"S": "a"}}},
    ]


def test_the_code_of_sqs_is_the_one_that_the_sdk_reports(client, service):
    service.answers(
        answer(
            400,
            {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no"},
            x_amzn_query_error="AWS.SimpleQueueService.NonExistentQueue;Sender",
        )
    )
    with pytest.raises(AwsError) as raised:
        client.call("sqs", "SendMessage", {})
    assert raised.value.code == "AWS.SimpleQueueService.NonExistentQueue"


def test_the_code_of_s3_is_read_from_its_xml(client, service):
    service.answers(raw(404, b"<Error><Code>NoSuchKey</Code><Message>m</Message></Error>"))
    with pytest.raises(AwsError) as raised:
        client.rest("s3", "GET", "/bucket/key")
    assert (raised.value.code, raised.value.status) == ("NoSuchKey", 404)


@pytest.mark.parametrize(
    "trouble",
    [
        fault("ValidationException", "The parameter is no number: hidden"),
        fault("ValidationException", "Duplicates: [hidden, hidden]"),
        fault("InvalidSignatureException", "x-amz-security-token:token-of-the-session", 403),
        fault("InternalServerError", "hidden", 500),
    ],
)
def test_an_error_repeats_neither_values_nor_tokens(client, service, trouble):
    service.answers(trouble)
    with pytest.raises(AwsError) as raised:
        get(client)
    told = f"{raised.value} {raised.value!r} {vars(raised.value)}"
    assert "hidden" not in told
    assert "token-of-the-session" not in told


def test_a_refusal_names_the_missing_permission(client, service):
    text = "User: arn:aws:sts::1:assumed-role/worker is not authorized to perform: dynamodb:GetItem"
    service.answers(fault("AccessDeniedException", text))
    with pytest.raises(AccessDenied, match="not authorized to perform: dynamodb:GetItem"):
        get(client)


def test_an_error_survives_pickling(client, service):
    service.answers(fault("ConditionalCheckFailedException", "no", Item={"pk": {"S": "a"}}))
    with pytest.raises(ConditionFailed) as raised:
        get(client)
    copy = pickle.loads(pickle.dumps(raised.value))  # noqa: S301 - made here
    assert (type(copy), vars(copy)) == (ConditionFailed, vars(raised.value))


@pytest.mark.parametrize("body", [b"<html>log in</html>", b"[1]", b'"text"', b'{"cut": '])
def test_an_answer_that_is_no_document_is_an_error(client, service, body):
    service.answers(raw(200, body))
    with pytest.raises(AwsError, match="the answer is no JSON object") as raised:
        get(client)
    assert "log in" not in f"{raised.value!r} {raised.value.__cause__!r}"


def test_a_message_keeps_what_names_things(client, service):
    text = "Requested resource not found: Table: t not found"
    service.answers(fault("ResourceNotFoundException", text))
    with pytest.raises(AwsError, match="Table: t not found"):
        get(client)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ThrottlingException", 400, Throttled),
        ("GoneException", 410, Gone),
        ("", 410, Gone),
        ("AccessDeniedException", 400, AccessDenied),
        ("UnrecognizedClientException", 400, AccessDenied),
        ("", 403, AccessDenied),
        ("", 429, Throttled),
        ("ValidationException", 400, AwsError),
    ],
)
def test_an_error_is_of_the_narrowest_kind(code, status, kind):
    assert type(aws_error(code, "", status, "GetItem")) is kind


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (AwsError("Code", "reason", 400, "GetItem"), "GetItem failed with Code (400): reason"),
        (AwsError("Code", "", 400, "GetItem"), "GetItem failed with Code (400)"),
        (
            AwsError("Timeout", "silence", 0, "GetItem"),
            "GetItem failed with Timeout (no answer): silence",
        ),
    ],
)
def test_an_error_reads_as_a_sentence(error, text):
    assert str(error) == text
