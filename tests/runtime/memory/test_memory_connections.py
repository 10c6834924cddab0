"""Posts to connections in memory: who gets what, and who is gone."""

from __future__ import annotations

import pytest

from cdk_streamer_runtime.errors import AccessDenied, AwsError, Gone, Throttled

URL = "https://socket.memory/live/@connections"


def post(aws, connection="a", body=b"hello"):
    return aws.rest("execute-api", "POST", f"{URL}/{connection}", body=body)


def test_an_open_connection_gets_posts_in_order(aws):
    aws.connections.open("a")
    post(aws, body=b"one")
    post(aws, body=b"two")
    assert aws.connections.messages("a") == [b"one", b"two"]


def test_the_id_is_read_from_its_encoded_form(aws):
    aws.connections.open("L0SM9cOFvHcCIhw=")
    post(aws, "L0SM9cOFvHcCIhw%3D")
    assert aws.connections.messages("L0SM9cOFvHcCIhw=") == [b"hello"]


def test_a_connection_that_never_was_is_gone(aws):
    with pytest.raises(Gone):
        post(aws)


def test_a_closed_connection_is_gone_and_keeps_what_it_got(aws):
    aws.connections.open("a")
    post(aws)
    aws.connections.close("a")
    with pytest.raises(Gone):
        post(aws)
    assert aws.connections.messages("a") == [b"hello"]


def test_a_connection_can_be_ended_by_the_server(aws):
    aws.connections.open("a")
    aws.rest("execute-api", "DELETE", f"{URL}/a")
    assert not aws.connections.is_open("a")


def test_a_throttled_connection_refuses_as_many_posts_as_told(aws):
    aws.connections.open("a")
    aws.connections.throttle("a", posts=2)
    for _ in range(2):
        with pytest.raises(Throttled):
            post(aws)
    post(aws)
    assert aws.connections.messages("a") == [b"hello"]


def test_a_forbidden_post_is_denied(aws):
    aws.connections.open("a")
    aws.connections.forbid("a")
    with pytest.raises(AccessDenied):
        post(aws)


def test_a_post_of_128_kilobytes_is_accepted(aws):
    aws.connections.open("a")
    post(aws, body=b"x" * 131_072)
    assert len(aws.connections.messages("a")[0]) == 131_072


def test_a_longer_post_is_refused(aws):
    aws.connections.open("a")
    with pytest.raises(AwsError) as raised:
        post(aws, body=b"x" * 131_073)
    assert (raised.value.code, raised.value.status) == ("PayloadTooLargeException", 413)


def test_another_address_or_service_is_not_known(aws):
    with pytest.raises(NotImplementedError):
        aws.rest("execute-api", "POST", "https://socket.memory/live/other")
    with pytest.raises(NotImplementedError):
        aws.rest("route53", "GET", "/")
