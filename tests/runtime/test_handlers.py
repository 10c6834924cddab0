"""The Lambda entry points, with the events that AWS sends them."""

from __future__ import annotations

import base64
import importlib
import json
import sys
import types
from collections.abc import Callable
from typing import Any

import pytest

from cdk_streamer_runtime import AsyncApp, Progress, assembly, contract
from cdk_streamer_runtime.assembly import Assembly
from cdk_streamer_runtime.contract import EntryPoint, Environment, Metric, State
from cdk_streamer_runtime.keys import request_key
from cdk_streamer_runtime.memory.api import ENDPOINT, TABLE, WATCH, WORK
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.sockets.connections import Connection
from tests.runtime.api import ANN, DAY, ObservedApi

TRACE = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1"
KEY = request_key("acme", "ann", "r1")
STORED = {"name": "Api", "table_name": TABLE.name, "endpoint": ENDPOINT}

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


class World:
    """AWS in memory as one Lambda function after the other meets it."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self.app = AsyncApp()
        self.app.action("echo")(lambda payload: payload)
        self.app.action("job", mode="async")(self._job)
        self.api = ObservedApi(self.app)
        self.ann: Connection = self.api.connect(ANN)
        module = types.ModuleType("users_handlers")
        module.app = self.app  # type: ignore[attr-defined]
        patch.setitem(sys.modules, "users_handlers", module)
        patch.setattr(
            assembly,
            "in_lambda",
            lambda: Assembly(aws=self.api.observed, platform=self.api.platform),
        )
        self.queues: dict[str, Any] = {
            "work_queue_url": self.api.aws.queue_url(WORK.name),
            "watch_queue_url": self.api.aws.queue_url(WATCH.name),
        }

    @staticmethod
    def _job(payload: Any, progress: Progress) -> Any:
        progress.report(50, "half")
        return payload

    def load(self, entry_point: EntryPoint, environment: Environment) -> Handler:
        """Import the entry point anew, as a cold start does."""
        for name, value in environment.to_variables().items():
            self._patch.setenv(name, value)
        module, _, function = entry_point.value.rpartition(".")
        self._patch.delitem(sys.modules, module, raising=False)
        loaded = importlib.import_module(module)
        self._patch.delitem(sys.modules, module)
        return getattr(loaded, function)

    def message(self, **changes: Any) -> Handler:
        settings = {**STORED, "entry_point": "users_handlers:app", "requests": True, **changes}
        return self.load(EntryPoint.MESSAGE, contract.MessageEnvironment(**settings))

    def worker(self) -> Handler:
        settings: dict[str, Any] = {**STORED, "entry_point": "users_handlers:app"}
        settings["work_queue_url"] = self.queues["work_queue_url"]
        return self.load(EntryPoint.WORKER, contract.WorkerEnvironment(**settings))

    def dispatcher(self) -> Handler:
        settings = contract.DispatcherEnvironment(name="Api", **self.queues)
        return self.load(EntryPoint.DISPATCHER, settings)

    def redispatcher(self) -> Handler:
        settings = contract.DispatcherEnvironment(name="Api", **self.queues)
        return self.load(EntryPoint.REDISPATCHER, settings)

    def watcher(self) -> Handler:
        settings = contract.WatcherEnvironment(**STORED, **self.queues)
        return self.load(EntryPoint.WATCHER, settings)

    def connection(self, **changes: str) -> Handler:
        settings = contract.ConnectionEnvironment(name="Api", table_name=TABLE.name, **changes)
        return self.load(EntryPoint.CONNECTION, settings)

    @property
    def told(self) -> list[dict[str, Any]]:
        return self.api.messages(self.ann)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def socket_event(world: World, route: str, **changes: Any) -> dict[str, Any]:
    """Make an event of a WebSocket API.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
    """
    return {
        "requestContext": {
            "routeKey": route,
            "eventType": {"$connect": "CONNECT", "$disconnect": "DISCONNECT"}.get(route, "MESSAGE"),
            "connectionId": world.ann.id,
            "connectedAt": START,
            "requestTimeEpoch": START,
            "stage": "live",
            "authorizer": {
                "tenant": "acme",
                "owner": "ann",
                "expires": str(START // 1000 + DAY),
                "scopes": "read write",
                "principalId": "ann",
                "integrationLatency": 3,
            },
        },
        "isBase64Encoded": False,
        **changes,
    }


def frame(world: World, text: str, **changes: Any) -> dict[str, Any]:
    return socket_event(world, "$default", body=text, **changes)


def queue_event(*bodies: str) -> dict[str, Any]:
    """Make an event of a queue's event source."""
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": f"receipt-{number}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": str(START)},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:work",
                "awsRegion": "eu-west-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


class Context:
    """What Lambda tells of an invocation."""

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


def work(attempt: int = 1) -> str:
    return json.dumps({"key": KEY, "attempt": attempt})


def metrics_of(captured: str) -> dict[str, Any]:
    (line,) = captured.splitlines()
    return json.loads(line)


# --- connection -----------------------------------------------------------------------------------


def test_a_connection_is_remembered_and_forgotten(world: World):
    handler = world.connection()
    connect = socket_event(world, "$connect", headers={"Host": "api"})

    assert handler(connect, Context()) == {"statusCode": 200, "headers": {}}
    assert [item["pk"] for item in world.api.aws.items(TABLE.name)] == [
        {"S": f"conn#{world.ann.id}"}
    ]
    assert handler(socket_event(world, "$disconnect"), Context()) == {"statusCode": 200}
    assert world.api.aws.items(TABLE.name) == []


def test_the_marker_of_the_protocol_is_echoed_and_no_token(world: World):
    headers = {"Sec-WebSocket-Protocol": "streamer.v1, bearer.aaa.bbb.ccc"}
    answer = world.connection()(socket_event(world, "$connect", headers=headers), Context())

    assert answer["headers"] == {"Sec-WebSocket-Protocol": "streamer.v1"}


def test_nothing_is_posted_to_a_connection_that_does_not_stand_yet(world: World):
    world.connection()(socket_event(world, "$connect"), Context())

    assert world.api.observed.calls == ["PutItem"]


def test_nobody_connects_without_an_authorizer(world: World, capsys: pytest.CaptureFixture[str]):
    event = socket_event(world, "$connect")
    del event["requestContext"]["authorizer"]

    assert world.connection()(event, Context()) == {"statusCode": 403}
    assert world.api.aws.items(TABLE.name) == []
    assert metrics_of(capsys.readouterr().out)[Metric.AUTH_FAILURES] == 1


def test_a_page_from_elsewhere_may_not_connect(world: World):
    handler = world.connection(origins="https://app.example.com")
    event = socket_event(world, "$connect", headers={"Origin": "https://evil.example.com"})

    assert handler(event, Context()) == {"statusCode": 403}


def test_who_signed_at_connect_speaks_later_without_being_named_again(world: World):
    connect = socket_event(world, "$connect")
    del connect["requestContext"]["authorizer"]
    connect["requestContext"]["identity"] = {
        "accountId": "acme",
        "caller": "ann",
        "userArn": "arn:aws:iam::123456789012:user/ann",
    }
    signed = contract.CallerRules(signed=True).to_text()
    assert world.connection(callers=signed)(connect, Context())["statusCode"] == 200

    later = frame(world, '{"action":"job","id":"r1"}')
    del later["requestContext"]["authorizer"]
    world.message()(later, Context())

    assert world.api.stored(ANN, "r1").tenant == "acme"


def test_who_is_not_remembered_is_told_and_closed(world: World):
    event = frame(world, '{"action":"job","id":"r1"}')
    del event["requestContext"]["authorizer"]

    world.message()(event, Context())

    assert world.told[-1]["error"]["code"] == "UNAUTHORIZED"
    assert not world.api.aws.connections.is_open(world.ann.id)


# --- message --------------------------------------------------------------------------------------


def test_a_frame_is_answered_by_a_post(world: World):
    answer = world.message()(frame(world, '{"action":"echo","id":"r1","payload":5}'), Context())

    assert answer == {"statusCode": 200}
    assert world.told[-1]["data"] == 5


def test_the_caller_comes_from_the_authorizer_and_never_from_the_frame(world: World):
    world.message()(frame(world, '{"action":"job","id":"r1","tenant":"evil","owner":"bob"}'), None)

    assert world.api.stored(ANN, "r1").owner == "ann"


@pytest.mark.parametrize(
    ("body", "encoded"),
    [
        ('{"action":"echo","payload":"Ä"}', False),
        (base64.b64encode('{"action":"echo","payload":"Ä"}'.encode()).decode(), True),
    ],
)
def test_a_body_may_come_as_base64(world: World, body: str, *, encoded: bool):
    world.message()(frame(world, body, isBase64Encoded=encoded), Context())

    assert world.told[-1]["data"] == "Ä"


@pytest.mark.parametrize(
    "changes",
    [
        {"body": None},
        {"body": ""},
        {"body": base64.b64encode(b"\xff\xfe").decode(), "isBase64Encoded": True},
    ],
)
def test_a_body_that_is_no_text_is_answered(world: World, changes: dict[str, Any]):
    answer = world.message()(socket_event(world, "$default", **changes), Context())

    assert answer == {"statusCode": 200}
    assert world.told[-1]["error"]["code"] == "VALIDATION_ERROR"


def test_an_error_names_the_trace_of_its_own_invocation(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    handler = world.message()
    monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACE)
    handler(frame(world, '{"action":"nothing"}'), Context())

    assert world.told[-1]["error"]["trace_id"] == "1-67891233-abcdef012345678912345678"


def test_what_was_counted_is_written_with_each_invocation(
    world: World, capsys: pytest.CaptureFixture[str]
):
    world.message()(frame(world, '{"action":"job","id":"r1"}'), Context())

    written = metrics_of(capsys.readouterr().out)
    assert (written["Api"], written[Metric.REQUESTS_QUEUED]) == ("Api", 1)


def test_without_handlers_there_are_channels_alone(world: World):
    handler = world.message(entry_point=None, requests=False)
    handler(frame(world, '{"action":"subscribe","payload":{"channel":"nightly"}}'), Context())

    assert world.told[-1]["data"]["channel"] == "nightly"


def test_an_app_that_cannot_run_here_shows_before_it_takes_a_frame(world: World):
    with pytest.raises(ValueError, match="'job' is async, which needs an AsyncRequestApi"):
        world.message(requests=False)


@pytest.mark.parametrize("entry_point", [each for each in EntryPoint if "redis" not in each])
def test_a_function_without_its_settings_names_what_is_missing(
    world: World, monkeypatch: pytest.MonkeyPatch, entry_point: EntryPoint
):
    for name in ("NAME", "TABLE_NAME", "WORK_QUEUE_URL", "ISSUER"):
        monkeypatch.delenv(f"CDK_STREAMER_{name}", raising=False)
    event = {"Records": [], **socket_event(world, "$connect")}

    with pytest.raises(ValueError, match=r"CDK_STREAMER_\w+ is missing"):
        world.load(entry_point, Environment())(event, Context())


# --- dispatcher -----------------------------------------------------------------------------------


def stream_event(world: World) -> dict[str, Any]:
    return {"Records": world.api.aws.stream_records(TABLE.name)}


def test_the_stream_becomes_work(world: World):
    world.message()(frame(world, '{"action":"job","id":"r1"}'), Context())

    assert world.dispatcher()(stream_event(world), Context()) == {"batchItemFailures": []}
    assert json.loads(world.api.aws.messages(WORK.name)[0]) == {"key": KEY, "attempt": 1}


def test_what_could_not_be_queued_is_named_by_its_number(world: World):
    world.message()(frame(world, '{"action":"job","id":"r1"}'), Context())
    event = stream_event(world)
    world.api.observed.on("SendMessageBatch", lambda _effect: {"Failed": [{"Id": "0"}]})

    number = event["Records"][0]["dynamodb"]["SequenceNumber"]
    answer = world.dispatcher()(event, Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": number}]}


def test_what_the_stream_gave_up_on_becomes_work_too(world: World):
    world.message()(frame(world, '{"action":"job","id":"r1"}'), Context())
    numbers = [each["dynamodb"]["SequenceNumber"] for each in stream_event(world)["Records"]]
    failure = {
        "requestContext": {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": 4},
        "DDBStreamBatchInfo": {
            "shardId": "shard-0",
            "startSequenceNumber": numbers[0],
            "endSequenceNumber": numbers[-1],
            "batchSize": len(numbers),
            "streamArn": f"arn:aws:dynamodb:eu-west-1:000000000000:table/{TABLE.name}/stream/1",
        },
    }

    answer = world.redispatcher()(queue_event(json.dumps(failure)), Context())
    assert answer == {"batchItemFailures": []}
    assert json.loads(world.api.aws.messages(WORK.name)[0]) == {"key": KEY, "attempt": 1}


# --- worker ---------------------------------------------------------------------------------------


def test_a_message_runs_its_attempt(world: World, capsys: pytest.CaptureFixture[str]):
    world.message()(frame(world, '{"action":"job","id":"r1","payload":5}'), Context())
    handler = world.worker()
    capsys.readouterr()

    assert handler(queue_event(work()), Context()) == {"batchItemFailures": []}
    assert world.api.stored(ANN, "r1").result == 5
    assert metrics_of(capsys.readouterr().out)[Metric.REQUESTS_SUCCEEDED] == 1


def test_a_message_whose_attempt_is_running_stays_in_the_queue(world: World):
    world.message()(frame(world, '{"action":"job","id":"r1"}'), Context())
    world.api.worker._store.claim(KEY, 1, "another", START, 60_000)  # noqa: SLF001

    answer = world.worker()(queue_event(work()), Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}


def test_a_message_that_is_not_ours_stays_in_the_queue(world: World):
    with pytest.raises(KeyError):
        world.worker()(queue_event("{}"), Context())


def test_an_action_that_exceeds_its_worker_fails_when_the_app_is_loaded(world: World):
    world.app.action("long", mode="async", timeout=901)(lambda: None)

    with pytest.raises(ValueError, match="'long' has a timeout of 901 s"):
        world.worker()


# --- watcher --------------------------------------------------------------------------------------


def test_a_watch_message_of_what_goes_on_stays_in_the_queue(world: World):
    world.message()(frame(world, '{"action":"job","id":"r1"}'), Context())
    world.dispatcher()(stream_event(world), Context())
    world.api.platform.advance(60_000)
    url = world.api.aws.queue_url(WATCH.name)
    (received,) = world.api.aws.call("sqs", "ReceiveMessage", {"QueueUrl": url})["Messages"]
    event = queue_event(received["Body"])
    event["Records"][0]["receiptHandle"] = received["ReceiptHandle"]

    answer = world.watcher()(event, Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}


def test_a_watch_message_of_what_has_ended_is_done(world: World):
    world.message()(frame(world, '{"action":"job","id":"r1"}'), Context())
    world.worker()(queue_event(work()), Context())

    assert world.api.stored(ANN, "r1").state is State.SUCCEEDED
    assert world.watcher()(queue_event(work()), Context()) == {"batchItemFailures": []}


# --- this process's own world ---------------------------------------------------------------------


def test_the_world_of_a_lambda_function_is_made_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", "https://local.test/live")
    assembly.in_lambda.cache_clear()
    try:
        own = assembly.in_lambda()
        assert own is assembly.in_lambda()
        assert own.management_endpoint == "https://local.test/live"
    finally:
        assembly.in_lambda.cache_clear()
