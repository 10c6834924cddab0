"""Calls and connections of the lean client."""

from __future__ import annotations

import json
import socket
import threading
from hashlib import sha256
from typing import Any

import pytest

from cdk_streamer_runtime._calls import encode_parameters
from cdk_streamer_runtime._services import endpoint
from cdk_streamer_runtime.errors import FunctionFailed
from tests.runtime.aws.service import (
    Request,
    answer,
    closing,
    drop,
    echo,
    get,
    raw,
)


def test_a_call_carries_its_operation_its_date_and_the_session(client, service):
    service.answers(answer(200, {"Item": {"n": {"N": "1"}}}))

    assert get(client) == {"Item": {"n": {"N": "1"}}}

    (request,) = service.requests
    assert (request.method, request.target) == ("POST", "/")
    assert json.loads(request.body) == {"TableName": "t", "Key": {"pk": {"S": "hidden"}}}
    sent = {name: request.headers[name] for name in ("x-amz-target", "x-amz-date")}
    assert sent == {"x-amz-target": "DynamoDB_20120810.GetItem", "x-amz-date": "20251121T093000Z"}
    assert request.headers["x-amz-security-token"] == "token-of-the-session"
    assert "/20251121/eu-west-1/dynamodb/aws4_request" in request.headers["authorization"]


@pytest.mark.parametrize(
    ("name", "operation", "target", "content_type"),
    [
        ("sqs", "SendMessage", "AmazonSQS.SendMessage", "application/x-amz-json-1.0"),
        ("events", "PutEvents", "AWSEvents.PutEvents", "application/x-amz-json-1.1"),
        ("kinesis", "PutRecord", "Kinesis_20131202.PutRecord", "application/x-amz-json-1.1"),
        (
            "states",
            "StartExecution",
            "AWSStepFunctions.StartExecution",
            "application/x-amz-json-1.0",
        ),
        (
            "dynamodbstreams",
            "GetRecords",
            "DynamoDBStreams_20120810.GetRecords",
            "application/x-amz-json-1.0",
        ),
    ],
)
def test_each_json_service_is_addressed_in_its_own_way(
    client, service, *, name, operation, target, content_type
):
    client.call(name, operation, {})
    headers = service.requests[0].headers
    assert (headers["x-amz-target"], headers["content-type"]) == (target, content_type)


def test_text_beyond_ascii_arrives_whole(client, service):
    service.answers(echo)
    assert client.call("sqs", "SendMessage", {"MessageBody": "Grüße 🚀"}) == {
        "MessageBody": "Grüße 🚀"
    }


def test_a_post_keeps_the_encoded_connection_id_and_does_not_sign_the_trace(client, service):
    url = f"{service.url}/live/@connections/a%3D?x=1"
    client.rest("execute-api", "POST", url, body=b"{}", headers={"X-Amzn-Trace-Id": "Root=1"})

    (request,) = service.requests
    assert request.target == "/live/@connections/a%3D?x=1"
    assert request.headers["x-amzn-trace-id"] == "Root=1"
    assert "x-amzn-trace-id" not in request.headers["authorization"]


def test_a_path_is_taken_from_the_services_own_endpoint(client, service):
    client.rest("s3", "PUT", "/bucket/a%20key", body=b"content")

    (request,) = service.requests
    assert request.target == "/bucket/a%20key"
    assert request.headers["x-amz-content-sha256"] == sha256(b"content").hexdigest()


@pytest.mark.parametrize(
    ("host", "region", "url"),
    [
        ("dynamodb", "eu-west-1", "https://dynamodb.eu-west-1.amazonaws.com"),
        ("streams.dynamodb", "us-east-1", "https://streams.dynamodb.us-east-1.amazonaws.com"),
        ("sqs", "cn-north-1", "https://sqs.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_without_an_endpoint_the_region_decides(host, region, url):
    assert endpoint(host, region) == url


# --- connections -------------------------------------------------------------------------------


def test_calls_share_a_connection(client, service):
    get(client)
    get(client)
    assert [request.connection for request in service.requests] == [1, 1]


def test_an_answer_that_closes_its_connection_is_followed_by_a_new_one(client, service, time):
    service.answers(answer(200, {}, connection="close"), answer(200, {}))
    get(client)
    get(client)
    assert ([request.connection for request in service.requests], time.pauses) == ([1, 2], [])


def test_a_connection_that_closed_while_idle_costs_no_attempt_and_no_pause(
    client_with, service, time
):
    client = client_with(attempts=1)
    service.answers(closing(answer(200, {})), answer(200, {}))
    get(client)
    get(client)
    assert ([request.connection for request in service.requests], time.pauses) == ([1, 2], [])


def test_a_connection_that_closes_on_its_second_request_is_replaced_at_once(
    client_with, service, time
):
    client = client_with(attempts=1)
    service.answers(answer(200, {}), drop, answer(200, {}))
    get(client)
    get(client)
    assert [request.connection for request in service.requests] == [1, 1, 2]
    assert time.pauses == []


def test_a_connection_that_was_idle_for_long_is_not_trusted(client, service, time):
    get(client)
    time.now += 301
    get(client)
    assert [request.connection for request in service.requests] == [1, 2]


def test_a_chunked_answer_is_put_together(client, service):
    chunks = b'5\r\n{"a":\r\n2\r\n1}\r\n0\r\n\r\n'

    def step(peer: socket.socket, _request: Request) -> bool:
        peer.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunks)
        return True

    service.answers(step)
    assert get(client) == {"a": 1}


def test_threads_get_the_answers_to_their_own_requests(client, service):
    service.answers(echo)
    answers: dict[int, list[dict[str, Any]]] = {}

    def work(number: int) -> None:
        answers[number] = [
            client.call("sqs", "SendMessage", {"MessageBody": f"{number}.{index}"})
            for index in range(20)
        ]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == {
        number: [{"MessageBody": f"{number}.{index}"} for index in range(20)] for number in range(8)
    }
    assert service.connections <= 8


def test_parameters_are_written_as_the_standard_library_writes_them():
    document = {"a": [1, 2.5, None, True], "ü": '"\\\n\x00ß😀', "b": {"c": {}}}
    written = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    assert encode_parameters(document) == written


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"x", {1}, object()])
def test_parameters_that_are_no_json_are_refused(value):
    with pytest.raises((TypeError, ValueError)):
        encode_parameters({"a": value})


def test_an_error_of_an_invoked_function_is_an_error(client, service):
    body = b'{"errorMessage": "hidden", "errorType": "E"}'
    service.answers(raw(200, body, **{"x-amz-function-error": "Unhandled"}))
    with pytest.raises(FunctionFailed) as failure:
        client.rest("lambda", "POST", "/2015-03-31/functions/f/invocations", body=b"1")
    assert failure.value.code == "Unhandled"
    assert "hidden" not in str(failure.value)
    assert len(service.requests) == 1
