"""What breaks on the way is tried again, as long as that may help."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_client import (
    AccessDenied,
    ConnectionLost,
    Every,
    InvalidTimer,
    PreconditionFailed,
    ProtocolError,
    Retries,
    ServiceBusy,
    ServiceFailed,
    TimerClient,
    TimerNotFound,
    Unreachable,
)
from cdk_streamer_client.timers.retries import retry_after
from cdk_streamer_client.timers.transport import Answer
from tests.clients.certificate import self_signed
from tests.clients.timers.http_server import Broken, HttpServer, http_server

PROBLEM = {"Content-Type": "application/problem+json"}
TIMER = {
    "id": "a",
    "state": "ACTIVE",
    "schedule": {"every": 300, "phase": 7},
    "misfire": "skip",
    "data": None,
    "next_fire_at": None,
    "last_due_at": None,
    "created_at": "2026-11-21T15:00:00.123Z",
    "updated_at": "2026-11-21T15:00:00.123Z",
}
DONE = Answer(200, {"Content-Type": "application/json", "ETag": '"7"'}, json.dumps(TIMER).encode())


def problem(status: int, **headers: str) -> Answer:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, {**PROBLEM, **named}, b'{"title": "no", "detail": "because"}')


def no_sleep(seconds: float) -> None:
    assert seconds >= 0


class Faulty:
    """A transport that does what a list says, one after the other, and then answers."""

    def __init__(self, *script: Answer | Exception) -> None:
        self.script = list(script)
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.waits: list[float] = []

    def __call__(self, method: str, path: str, headers: Mapping[str, str], body: bytes, /):
        self.asked.append((method, path, dict(headers), body))
        step = self.script.pop(0) if self.script else DONE
        if isinstance(step, Exception):
            raise step
        return step

    def client(self, *, uniform: float = 1.0, attempts: int = 5) -> TimerClient:
        retries = Retries(attempts=attempts, sleep=self.waits.append, uniform=lambda: uniform)
        return TimerClient(transport=self, retries=retries)


FAULTS = st.sampled_from(
    [
        *(problem(status) for status in (429, 500, 502, 503, 504)),
        Answer(429, {}, b'{"message":"Too Many Requests"}'),
        Answer(504, {}, b"<html>"),
        ConnectionLost("broken"),
        Unreachable("nobody"),
        TimeoutError(),
        ConnectionResetError(),
        BrokenPipeError(),
    ]
)


@settings(max_examples=100, deadline=None)
@given(faults=st.lists(FAULTS, max_size=4), uniform=st.floats(0, 1))
def test_up_to_four_faults_in_a_row_are_not_noticed(
    faults: list[Answer | Exception], uniform: float
):
    service = Faulty(*faults)

    timer = service.client(uniform=uniform).put("a", Every(minutes=5))

    assert timer.etag == '"7"'
    assert service.asked == service.asked[:1] * (len(faults) + 1), "each try asks the same"
    assert service.waits == [uniform * wait for wait in (0.2, 0.4, 0.8, 1.6)[: len(faults)]]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (problem(429, Retry_After="3"), ServiceBusy),
        (problem(503, Retry_After="3"), ServiceBusy),
        (problem(502), ServiceFailed),
        (ConnectionLost("broken", may_have_run=True), ConnectionLost),
        (Unreachable("nobody"), Unreachable),
        (ConnectionResetError(), ConnectionLost),
    ],
)
def test_the_fifth_fault_is_raised(last: Answer | Exception, expected: type[Exception]):
    service = Faulty(*[problem(503)] * 4, last)

    with pytest.raises(expected):
        service.client().get("a")

    assert len(service.asked) == 5


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (problem(400), InvalidTimer),
        (problem(401), AccessDenied),
        (Answer(403, {}, b'{"message":"Forbidden"}'), AccessDenied),
        (problem(404), TimerNotFound),
        (problem(412), PreconditionFailed),
        (problem(413), InvalidTimer),
        (problem(415), InvalidTimer),
        (problem(422), InvalidTimer),
        (Answer(404, {}, b"<html>"), ProtocolError),
        (Answer(302, {"Location": "https://example.com"}, b""), ProtocolError),
        (Answer(200, {}, b"[]"), ProtocolError),
        (Answer(200, {}, b"\xff"), ProtocolError),
        (Answer(200, {}, b'{"id": "a", "state": "ACTIVE", "schedule": {}}'), ProtocolError),
        (Answer(200, {}, b'{"id": "a", "state": "GONE", "schedule": {}}'), ProtocolError),
    ],
)
def test_what_would_not_change_is_asked_once(answer: Answer, expected: type[Exception]):
    service = Faulty(answer)

    with pytest.raises(expected):
        service.client().get("a")

    assert (len(service.asked), service.waits) == (1, [])


def test_the_service_gets_the_time_that_it_asks_for():
    service = Faulty(problem(503, Retry_After="7"), problem(429, Retry_After="1"))

    service.client(uniform=0.5).get("a")

    assert service.waits == [7.1, 1.2]


def test_too_long_a_wait_is_left_to_the_caller():
    service = Faulty(problem(503, Retry_After="61"))

    with pytest.raises(ServiceBusy) as busy:
        service.client().get("a")

    assert (busy.value.retry_after, service.waits) == (61.0, [])


def test_a_date_to_try_again_at_is_read():
    soon = datetime.now(UTC) + timedelta(seconds=100)

    seconds = retry_after({"retry-after": format_datetime(soon, usegmt=True)})

    assert seconds is not None
    assert 90 < seconds <= 100


@pytest.mark.parametrize("text", ["", "soon", "-1", "1.5", "٣"])
def test_a_wait_that_cannot_be_read_is_none(text: str):
    assert retry_after({"Retry-After": text}) is None


@pytest.mark.parametrize("member", [{"attempts": 0}, {"backoff_least": -1}, {"longest_wait": -1}])
def test_retries_that_could_not_be_are_refused(member: dict[str, int]):
    with pytest.raises(ValueError, match="must be at least"):
        Retries(**member)  # pyright: ignore[reportArgumentType] - what is tested


# --- over real connections ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    with http_server() as server:
        server.default = DONE
        yield server


def over(server: HttpServer, attempts: int = 5) -> TimerClient:
    retries = Retries(attempts=attempts, sleep=no_sleep)
    return TimerClient(server.url, token="t1", retries=retries)


def test_requests_share_a_connection(server: HttpServer):
    with over(server) as client:
        client.get("a")
        client.get("a")
        client.put("a", Every(minutes=5))

    assert len({request.connection for request in server.received[-3:]}) == 1


def test_a_connection_that_breaks_is_replaced(server: HttpServer):
    server.script.extend([DONE, Broken, Broken])
    with over(server) as client:
        client.get("a")
        assert client.get("a").id == "a"

    assert len({request.connection for request in server.received[-4:]}) == 3


def test_connections_that_break_each_time_are_told(server: HttpServer):
    server.script.extend([Broken] * 2)
    with over(server, attempts=2) as client, pytest.raises(ConnectionLost) as lost:
        client.get("a")

    assert lost.value.may_have_run


def test_a_service_that_is_not_there_is_told():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and never listens
        port = taken.getsockname()[1]
        retries = Retries(attempts=2, sleep=no_sleep)
        client = TimerClient(f"http://127.0.0.1:{port}", token="t1", retries=retries)
        with pytest.raises(Unreachable, match=f"127.0.0.1:{port} cannot be reached"):
            client.get("a")


def test_a_redirect_is_not_followed_with_the_token(server: HttpServer):
    server.script.append(Answer(302, {"Location": f"{server.url}/elsewhere"}, b""))
    before = len(server.received)

    with over(server) as client, pytest.raises(ProtocolError, match="is its url right"):
        client.get("a")

    assert len(server.received) == before + 1


def test_a_service_that_says_nothing_is_not_waited_for_longer_than_was_said():
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it listens, and never accepts
        port = silent.getsockname()[1]
        client = TimerClient(
            f"http://127.0.0.1:{port}", token="t1", timeout=0.05, retries=Retries(attempts=1)
        )
        with pytest.raises(ConnectionLost, match="broke") as lost:
            client.get("a")

    assert lost.value.may_have_run


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for 127.0.0.1, with its key, that signs itself."""
    path = tmp_path_factory.mktemp("certificate") / "server.pem"
    path.write_bytes(self_signed())
    return path


@pytest.fixture
def encrypted(certificate: Path) -> Iterator[HttpServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with http_server(context) as server:
        server.default = DONE
        yield server


def test_a_bundle_of_authorities_is_trusted(encrypted: HttpServer, certificate: Path):
    with TimerClient(encrypted.url, token="t1", ca_bundle=certificate) as client:
        assert client.get("a").id == "a"


def test_the_authorities_of_the_aws_cli_are_trusted(
    encrypted: HttpServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))

    with TimerClient(encrypted.url, token="t1") as client:
        assert client.get("a").id == "a"


def test_a_certificate_that_nobody_vouches_for_is_told_at_once(encrypted: HttpServer):
    waits: list[float] = []
    with (
        TimerClient(encrypted.url, token="t1", retries=Retries(sleep=waits.append)) as client,
        pytest.raises(Unreachable, match="give the authority's certificate as ca_bundle"),
    ):
        client.get("a")

    assert (waits, encrypted.received) == ([], [])
