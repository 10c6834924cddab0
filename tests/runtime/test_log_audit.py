"""What a log may know: which request, which action, what became of it. Never what it was about."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import pydantic
import pytest

from cdk_streamer_runtime import (
    ActionFailed,
    AsyncApp,
    Caller,
    ErrorCode,
    Limit,
    Middleware,
    Progress,
    Retry,
)
from cdk_streamer_runtime.assembly import Assembly
from cdk_streamer_runtime.auth.authorizer import Authorizer
from cdk_streamer_runtime.auth.denial import Denied
from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract import (
    AuthorizerEnvironment,
    AwsEnvironment,
    ConnectionEnvironment,
    PublisherEnvironment,
    WorkerEnvironment,
)
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.memory.api import ENDPOINT, TABLE, WORK, MemoryApi
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.metrics import Metrics
from cdk_streamer_runtime.sockets.connections import Connection
from cdk_streamer_runtime.timers.schedules.moments import text_of
from tests.runtime.auth import issuer
from tests.runtime.observed_aws import ObservedAws, refused_by
from tests.runtime.timers.rest import Rest

CANARY = "canary7f3a"
HOUR = 3_600_000
WHO = Caller(tenant="acme", owner="ann", expires=START // 1000 + 100 * 86_400)


def canary(place: str) -> str:
    return f"{CANARY}-{place}"


class Order(pydantic.BaseModel):
    amounts: list[int]


class Silent(Middleware):
    """Gives back no message for one kind of answer: an author's mistake."""

    def send(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        if message.get("data") == canary("unsent"):
            return canary("middleware")  # type: ignore[return-value]
        return message


def new_app(order: object = None) -> AsyncApp:
    app = AsyncApp(middleware=[Silent()], limits=[Limit(in_flight=3), Limit(per="tenant", rate=5)])

    @app.action("echo")
    def echo(payload: Any) -> Any:
        return payload

    @app.action("unsent")
    def unsent() -> str:
        return canary("unsent")

    @app.action("unspeakable")
    def unspeakable() -> object:
        return {canary("result"), canary("set")}

    @app.action("report", mode="async")
    def report(payload: Any, progress: Progress) -> Any:
        progress.report(50, canary("message"), note=canary("note"))
        return {"result": canary("result")}

    add_failures(app)
    app.action("order", mode="async", input=order)(echo)
    app.action("ruled", mode=lambda payload: payload["mode"])(lambda: None)

    @app.channel_rule
    def rule(caller: Caller, channel: str) -> Any:
        return channel if "strange" in channel else "closed" not in channel

    return app


def add_failures(app: AsyncApp) -> None:
    @app.action("refused", mode="async")
    def refused() -> None:
        raise ActionFailed("no", code=ErrorCode.CONFLICT, details={"why": canary("details")})

    @app.action("vast", mode="async")
    def vast() -> None:
        raise ActionFailed("no", details={"why": canary("details") * 10_000})

    @app.action("unlucky", mode="async", retry=Retry(max_attempts=2, delay=1))
    def unlucky(payload: Any) -> int:
        return 1 // len(payload["none"])

    @app.action("large", mode="async")
    def large() -> str:
        return canary("large") * 20_000


class Journal(logging.Handler):
    """Keeps each record as Lambda would write it, extras and traceback included."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = logging.Formatter().format(record)
        self.lines.append(f"{record.name} {text} {vars(record)}")


@pytest.fixture
def journal() -> Iterator[Journal]:
    logger, journal = logging.getLogger(), Journal()
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(journal)
    yield journal
    logger.removeHandler(journal)
    logger.setLevel(level)


def frames() -> list[Mapping[str, Any] | str]:
    """Give what clients say: good, bad, and in every kind of place."""
    calls = ["echo", "unsent", "unspeakable", "report", "refused", "vast", "large", "unknown"]
    asked = [
        {"action": name, "id": f"id-{name}", "payload": {"p": canary("payload")}} for name in calls
    ]
    return [
        *asked,
        {**asked[3], "payload": {"p": canary("other body")}},
        {"action": "report", "metadata": {"m": canary("metadata")}, "payload": canary("text")},
        {"action": "unlucky", "payload": {"none": [], "p": canary("payload")}},
        {"action": "order", "payload": {"amount": canary("amount")}},
        {"action": "ruled", "payload": {"mode": canary("mode")}},
        {"action": "report", "webhook": f"http://{canary('webhook')}"},
        # Whose server does not answer is told, for operators; nothing else of the address is.
        {"action": "report", "webhook": f"https://receiver.example/{canary('path')}?t={CANARY}"},
        {"action": canary("action")},
        {"action": "echo", "id": f"{canary('id')} "},
        {"action": "cancel", "payload": {"request_id": "id-large", "reason": canary("reason")}},
        {"action": "get", "payload": {"request_id": canary("get") + "/"}},
        {"action": "list", "payload": {"cursor": canary("cursor")}},
        {"action": "upload", "payload": {"size": 5, "type": "text/csv", "name": canary("name")}},
        {"action": "upload", "payload": {"size": 5, "type": canary("type")}},
        {"action": "input", "payload": {"request_id": "id-report", "value": canary("input")}},
        {"action": "subscribe", "payload": {"channel": canary("channel")}},
        {"action": "subscribe", "payload": {"channel": canary("closed")}},
        {"action": "subscribe", "payload": {"channel": canary("strange")}},
        {"action": "subscribe", "payload": {"channel": canary("\n")}},
        f'{{"action": "echo", "payload": "{canary("broken")}',
        f"{canary('no frame')}",
    ]


def speak(api: MemoryApi, connection: Connection) -> None:
    for frame in frames():
        api.hear(connection, frame)
        api.platform.advance(2_000)
        api.wait(1_000)


def ask_over_http(api: MemoryApi) -> None:
    token = {"authorization": f"Bearer {canary('token')}", "idempotency-key": "over-http"}
    body = {"action": "report", "payload": canary("body"), "metadata": {"m": canary("metadata")}}
    api.http(WHO, "POST", "/requests", body=body, headers=token)
    api.http(WHO, "POST", "/requests", body={**body, "payload": 1}, headers=token)
    api.http(WHO, "POST", "/requests", body=canary("no json"), headers=token)
    api.http(WHO, "GET", f"/requests/{canary('unknown')}", headers=token)
    api.http(WHO, "POST", "/tickets", headers=token)
    api.wait(HOUR)


def publish(api: MemoryApi, aws: Aws) -> None:
    assembly = Assembly(aws=aws, platform=api.platform)
    settings = PublisherEnvironment(name="api", table_name=TABLE.name, endpoint=ENDPOINT)
    name = canary("channel")
    with assembly.channel(settings, tenant="acme", name=name, max_rate=100) as progress:
        progress.report(10, canary("published"), note=canary("note"))
        progress.complete({"result": canary("channel result")})
        progress.fail(ErrorCode.CONFLICT, canary("channel failure"))


def run_with_a_newer_app(api: MemoryApi, connection: Connection) -> None:
    """Run what an older release has accepted: its payload fits no more."""
    payload = {"amounts": [canary(f"amount-{number}") for number in range(30)]}
    api.hear(connection, {"action": "order", "id": "stale", "payload": payload})
    settings = WorkerEnvironment(
        name="api",
        table_name=TABLE.name,
        endpoint=ENDPOINT,
        entry_point="",
        work_queue_url=api.aws.queue_url(WORK.name),
    )
    assembly = Assembly(aws=api.aws, platform=api.platform)
    api.worker = assembly.worker(settings, new_app(Order), api.metrics)
    api.wait(HOUR)


def in_trouble(api: MemoryApi, aws: ObservedAws, connection: Connection) -> None:
    """Let AWS refuse one call of each kind; what a function lets rise, Lambda itself logs."""
    for operation in ("TransactWriteItems", "UpdateItem", "GetItem", "POST", "SendMessage"):
        aws.on(operation, refused_by(AwsError("ValidationException", "no", 400, operation)))
    for _ in range(5):
        try:
            speak(api, connection)
        except AwsError:
            logging.getLogger("lambda").exception("function failed")


def connect(api: MemoryApi) -> None:
    environment = AuthorizerEnvironment(
        name="api",
        issuer=issuer.ISSUER,
        audience="reports",
        algorithms="ES256",
        public_key=issuer.pem("p256").decode(),
    )
    authorizer = Authorizer.from_environment(
        environment, AwsEnvironment.from_variables({}), api.aws, api.platform.clock
    )
    admission = Assembly(aws=api.aws, platform=api.platform).admission(
        ConnectionEnvironment(name="api", table_name=TABLE.name, origins="https://a.example"),
        api.metrics,
    )
    for token in (canary("token"), f"{canary('a')}.{canary('b')}.{canary('c')}"):
        event = {
            "headers": {
                "Sec-WebSocket-Protocol": f"streamer.v1, bearer.{token}",
                "Origin": f"https://{canary('origin')}.example",
            },
            "requestContext": {"connectionId": "c", "authorizer": {"tenant": ["", token]}},
        }
        with pytest.raises(Denied):
            authorizer.identify(event)
        admission.admit(event)


def test_no_log_and_no_metric_tells_what_a_request_was_about(
    journal: Journal, capsys: pytest.CaptureFixture[str]
):
    metrics = Metrics("api")
    observed: list[ObservedAws] = []

    def watched(aws: Any) -> Aws:
        observed.append(ObservedAws(aws))
        return observed[0]

    api = MemoryApi(new_app(), metrics=metrics, through=watched)
    connection = api.connect(WHO)
    connect(api)
    speak(api, connection)
    ask_over_http(api)
    publish(api, api.aws)
    in_trouble(api, observed[0], connection)
    run_with_a_newer_app(api, connection)
    metrics.flush()

    written = capsys.readouterr()
    lines = [*journal.lines, *written.out.splitlines(), *written.err.splitlines()]
    assert [line for line in lines if CANARY in line] == []
    assert len(journal.lines) > 50


def ask_about_timers(rest: Rest) -> None:
    """Write and read timers; of all that is said here, ids alone may be in a log."""
    minutely = {"schedule": {"every": 60}}
    token = {
        "Authorization": f"Bearer {canary('token')}",
        "X-Amz-Security-Token": canary("session"),
    }
    bodies: list[Any] = [
        {**minutely, "data": {"p": canary("data")}, "owner": canary("owner")},
        {**minutely, "data": canary("data") * 10_000},
        {"timerCallbackData": canary("older")},
        {"schedule": {"at": text_of(START // 1000 - 30)}, "data": canary("at once")},
        {"schedule": {"cron": canary("cron"), "timezone": canary("zone"), canary("name"): 1}},
        {**minutely, canary("member"): canary("value")},
        f'{{"schedule": "{canary("broken")}',
    ]
    for body in bodies:
        typed = {**token, "Content-Type": "application/json"}
        rest.put("t1", body, headers=typed)
        rest.ask("PATCH", "/periodic/t1", body, headers=typed)
        batch = {"entries": [{"id": "t2", "put": body, "if_match": canary("tag")}]}
        rest.ask("POST", "/periodic:batch", batch, headers=token)
        rest.ask("POST", "/periodic:batch", {"entries": [{"id": "t2", "put": body}]})
    query = {"owner": canary("owner"), "cursor": canary("cursor")}
    rest.ask("GET", "/periodic", query=query, headers=token)
    rest.get("t1", headers={**token, "If-Match": canary("tag")})
    rest.ask("DELETE", "/periodic/t1", headers={**token, "If-Match": f'"{canary("tag")}"'})
    rest.ask("DELETE", "/periodic/t1", headers=token)


def test_no_log_and_no_metric_tells_what_a_timer_is_about(journal: Journal):
    rest = Rest()
    ask_about_timers(rest)
    for operation in ("TransactWriteItems", "GetItem", "Query", "SendMessageBatch"):
        error = AwsError("ValidationException", "no", 400, operation)
        rest.aws.on(operation, refused_by(error))
    rest.platform.advance(HOUR)
    ask_about_timers(rest)

    assert [line for line in journal.lines if CANARY in line] == []
    for event in ("timer written", "timers written", "timer deleted", "not answered"):
        assert [line for line in journal.lines if event in line] != []


@pytest.mark.parametrize(
    "event",
    ["request queued", "request ended", "attempt failed", "sync action failed", "not answered"],
)
def test_the_audit_sees_what_is_logged(journal: Journal, event: str):
    api = MemoryApi(new_app())
    speak(api, api.connect(WHO))

    assert [line for line in journal.lines if event in line] != []


def test_the_audit_would_find_a_leak(journal: Journal):
    logging.getLogger("cdk_streamer_runtime").info("said", extra={"payload": canary("payload")})

    assert [CANARY in line for line in journal.lines] == [True]
