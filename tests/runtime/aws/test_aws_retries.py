"""What the lean client tries again, and what not."""

from __future__ import annotations

import socket

import pytest

from cdk_streamer_runtime.errors import (
    AccessDenied,
    AwsError,
    ConditionFailed,
    Gone,
    Throttled,
    TransactionCancelled,
    Unreachable,
)
from tests.runtime.aws.service import (
    Request,
    answer,
    drop,
    fault,
    get,
    post,
    raw,
    silence,
)

THROTTLED = ("ProvisionedThroughputExceededException", "slow down")


@pytest.mark.parametrize(
    "trouble",
    [
        fault(*THROTTLED),
        fault("ThrottlingException", "Rate exceeded"),
        fault("RequestThrottled", status=403),
        fault("TransactionConflictException"),
        fault("TransactionInProgressException"),
        fault(
            "TransactionCanceledException",
            CancellationReasons=[{"Code": "None"}, {"Code": "TransactionConflict"}],
        ),
        fault("InternalServerError", status=500),
        raw(502, b"<html>bad gateway</html>"),
        raw(503, b""),
        answer(200, {}, x_amz_crc32="1"),
        drop,
    ],
)
def test_what_may_pass_is_tried_again(client, service, time, trouble):
    service.answers(trouble, answer(200, {"Item": {}}))
    assert get(client) == {"Item": {}}
    assert time.pauses == [0.05]


def test_pauses_double_up_to_a_cap(client_with, service, time):
    client = client_with(attempts=6, cap=0.3)
    service.answers(fault(*THROTTLED))
    with pytest.raises(Throttled):
        get(client)
    assert time.pauses == [0.05, 0.1, 0.2, 0.3, 0.3]


def test_pauses_are_spread_over_their_whole_length(client, service, time):
    time.luck = [0.0, 0.5]
    service.answers(fault(*THROTTLED), fault(*THROTTLED), answer(200, {}))
    get(client)
    assert time.pauses == [0.0, 0.05]


def test_each_attempt_is_signed_anew(client_with, service):
    client = client_with(base=1)
    service.answers(fault(*THROTTLED), answer(200, {}))
    get(client)
    dates = [request.headers["x-amz-date"] for request in service.requests]
    assert dates == ["20251121T093000Z", "20251121T093001Z"]


def test_attempts_are_finite(client, service):
    service.answers(fault("InternalServerError", status=500))
    with pytest.raises(AwsError) as raised:
        get(client)
    assert (raised.value.code, len(service.requests)) == ("InternalServerError", 5)


def test_a_call_that_would_outlast_its_time_ends_with_the_last_error(client_with, service, time):
    client = client_with(attempts=100, base=1, cap=8, total=10)
    service.answers(fault(*THROTTLED))
    with pytest.raises(Throttled):
        get(client)
    assert time.pauses == [1, 2, 4]


def test_no_call_outlasts_its_invocation(client_with, service, time):
    client = client_with(attempts=100, base=1, cap=8, total=10)
    client.end = time.now + 3.5
    service.answers(fault(*THROTTLED))
    with pytest.raises(Throttled):
        get(client)
    assert time.pauses == [1, 2]
    client.end = time.now
    with pytest.raises(Unreachable):
        get(client)


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (fault("ValidationException", "wrong"), AwsError),
        (fault("ConditionalCheckFailedException", "no"), ConditionFailed),
        (fault("AccessDeniedException", "no"), AccessDenied),
        (fault("ExecutionAlreadyExists", "no"), AwsError),
        (
            fault(
                "TransactionCanceledException",
                CancellationReasons=[
                    {"Code": "ConditionalCheckFailed"},
                    {"Code": "TransactionConflict"},
                ],
            ),
            TransactionCancelled,
        ),
    ],
)
def test_what_will_not_pass_is_told_at_once(client, service, trouble, kind):
    service.answers(trouble)
    with pytest.raises(kind):
        get(client)
    assert len(service.requests) == 1


def test_a_service_that_only_drops_connections_is_unreachable(client, service):
    service.answers(drop)
    with pytest.raises(Unreachable) as raised:
        get(client)
    assert (raised.value.code, raised.value.status) == ("ConnectionBroken", 0)
    assert len(service.requests) == 5


def test_a_port_without_a_service_is_unreachable(client, service):
    service.close()
    with pytest.raises(Unreachable, match="GetItem failed with ConnectionBroken"):
        get(client)


def test_a_service_that_stays_silent_is_unreachable(client_with, service, time):
    client = client_with(attempts=2, read=0.05)
    service.answers(silence)
    with pytest.raises(Unreachable) as raised:
        get(client)
    assert (raised.value.code, len(service.requests)) == ("Timeout", 2)


def test_an_answer_that_takes_longer_than_the_call_may_is_given_up(client_with, service, time):
    client = client_with(attempts=1, total=1)

    def dripping(peer: socket.socket, _request: Request) -> bool:
        time.now += 2
        peer.sendall(b"HTTP/1.1 200 OK\r\n")
        return True

    service.answers(dripping)
    with pytest.raises(Unreachable, match="Timeout"):
        get(client)


# --- posts to connections ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (410, "GoneException", Gone),
        (429, "LimitExceededException", Throttled),
        (403, "ForbiddenException", AccessDenied),
        (413, "PayloadTooLargeException", AwsError),
    ],
)
def test_a_refused_post_is_told_at_once(client, service, status, code, kind):
    service.answers(answer(status, {"message": "hidden"}, x_amzn_errortype=f"{code}:http://x"))
    with pytest.raises(kind) as raised:
        post(client, service)
    assert (raised.value.code, len(service.requests)) == (code, 1)


def test_a_refusal_without_a_code_is_known_by_its_status(client, service):
    service.answers(raw(410, b""))
    with pytest.raises(Gone, match=r"POST execute-api failed with 410 \(410\)"):
        post(client, service)


def test_a_post_that_met_a_fault_of_the_server_is_tried_again(client, service):
    service.answers(raw(500, b""), raw(200, b""))
    assert post(client, service) == b""
    assert len(service.requests) == 2
