"""The app: what it is made of, and what Lambda calls."""

from __future__ import annotations

import json
import socket
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from cdk_streamer_runtime.errors import TransactionCancelled
from cdk_streamer_runtime.memory.platform import START, MemoryPlatform
from cdk_streamer_runtime.streams import (
    Action,
    Call,
    Event,
    Images,
    Policy,
    StreamApp,
    Undecodable,
    from_kinesis,
    from_sqs_sns,
    rules,
    to_alarm_event,
    to_cron_event,
    to_dynamodb_records,
    to_eventbridge_event,
    to_kinesis_records,
    to_s3_records,
    to_sns_records,
    to_sqs_eventbridge_records,
    to_sqs_records,
    to_sqs_sns_records,
)
from cdk_streamer_runtime.streams.claims.claim import CLAIM
from cdk_streamer_runtime.streams.engine.machine import LaneMachine
from cdk_streamer_runtime.streams.engine.surroundings import NamedResources, tags_of
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.faults.defaults import action_of
from cdk_streamer_runtime.testing import MemoryAws, MemoryProcessor
from tests.runtime.streams.engine.batches import Tally, event

EMPTY = {"batchItemFailures": []}
ENVIRONMENT = {
    "CDK_STREAMER_STREAM_NAME": "orders",
    "CDK_STREAMER_SOURCE_KIND": "kinesis",
    "CDK_STREAMER_RESOURCES": '{"bus": "the-bus"}',
}


@pytest.fixture
def world():
    platform = MemoryPlatform()
    return World(
        aws=MemoryAws(buckets=["claims"]),
        platform=platform,
        resources=NamedResources({"claims": "claims"}),
        meter=Tally(),
        deadline=START + 60_000,
        tags={"source": "orders"},
    )


def listening(seen: list[Any], **options: Any) -> StreamApp:
    app = StreamApp(**options)

    @app.pipeline("seen", event_type="*")
    def _(stream):
        return stream.map(lambda uow: seen.append(uow.event) or uow)

    return app


# --- sources -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("batch", "types"),
    [
        (to_kinesis_records([event(0)]), ["thing-created"]),
        (to_sqs_records([event(0)]), ["thing-created"]),
        (to_sns_records([event(0)]), ["thing-created"]),
        (to_s3_records([{"object": {"bucket": "b", "key": "k"}}]), ["object-created"]),
        (to_eventbridge_event(event(0)), ["thing-created"]),
        (to_cron_event(), ["cron-fired"]),
        (to_alarm_event({"alarm": {"name": "a", "state": "ALARM"}}), ["alarm-alarm"]),
        (
            to_dynamodb_records(
                [{**event(0), "raw": {"new": {"pk": "k", "sk": "thing", "discriminator": "thing"}}}]
            ),
            ["thing-created"],
        ),
    ],
)
def test_records_tell_where_they_are_from(batch, types, world):
    seen = []
    assert listening(seen).handle(batch, world) == EMPTY
    assert [each.type for each in seen] == types


def test_the_app_can_name_its_from_function(world):
    seen = []
    listening(seen, source=from_sqs_sns).handle(to_sqs_sns_records([event(0)]), world)
    assert [each.id for each in seen] == ["e0"]


def test_a_queue_of_a_bus_is_read_by_what_the_construct_says(monkeypatch):
    for name, value in {**ENVIRONMENT, "CDK_STREAMER_SOURCE_KIND": "event_bus"}.items():
        monkeypatch.setenv(name, value)
    seen = []
    app = listening(seen)
    assert app.handler(to_sqs_eventbridge_records([event(0)]), None) == EMPTY
    assert [each.id for each in seen] == ["e0"]


def test_a_service_that_does_not_answer_leaves_time_to_say_so(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1"}
        keys["CDK_STREAMER_RESOURCES"] = '{"table": "things"}'
        for name, value in {**ENVIRONMENT, **keys, "AWS_ENDPOINT_URL": address}.items():
            monkeypatch.setenv(name, value)
        app = StreamApp(
            rules=[
                rules.Materialize(
                    id="m", event_type="*", to_update=lambda _: {"pk": "1", "sk": "1"}
                )
            ]
        )
        context = SimpleNamespace(get_remaining_time_in_millis=lambda: 300)
        answer = app.handler(to_kinesis_records([event(0)]), context)
    assert len(answer["batchItemFailures"]) == 1


def test_an_event_of_nobody_is_refused_with_the_way_out(world):
    with pytest.raises(ValueError, match=r"nobody reads events of an unknown source; name the"):
        StreamApp().handle({"answer": 42}, world)


def test_images_are_for_tables_alone():
    with pytest.raises(ValueError, match="from_kinesis takes no 'images'; leave it out"):
        StreamApp(source=from_kinesis, images=Images())


def test_the_user_s_decoder_reads_records(world):
    seen = []
    app = listening(seen, decode=lambda text: {**json.loads(text), "read": True})
    app.handle(to_kinesis_records([event(0)]), world)
    assert (seen[0]["read"], app.codec) == (True, True)


def test_the_user_s_encoder_is_in_the_world(world):
    encoders = []
    app = StreamApp(encode=repr)

    @app.pipeline("seen", event_type="*")
    def _(stream):
        return stream.add(Call(name="c", send=lambda _, world: encoders.append(world.encode)))

    app.handle(to_kinesis_records([event(0)]), world)
    assert encoders == [repr]


# --- rules -------------------------------------------------------------------------------------


def test_two_rules_cannot_have_the_same_id():
    app = listening([])
    with pytest.raises(ValueError, match="have the same id 'seen'"):
        app.pipeline("seen", event_type="*")(lambda stream: stream)


def test_a_pipeline_of_one_s_own_is_a_rule_like_others():
    app = listening([])
    assert [(each.kind, each.id) for each in app.rules] == [("pipeline", "seen")]
    assert [each.id for each in app.pipelines] == ["seen"]


def test_a_pipeline_that_is_added_after_the_first_batch_gets_the_next(world):
    first, second = [], []
    app = listening(first)
    app.handle(to_kinesis_records([event(0)]), world)
    app.pipeline("later", event_type="*")(
        lambda stream: stream.map(lambda uow: second.append(uow.event.id) or uow)
    )
    app.handle(to_kinesis_records([event(1)]), world)
    assert (len(first), second) == (2, ["e1"])


def test_a_wrong_option_of_a_rule_is_told_at_import():
    with pytest.raises(ValueError, match="did you mean 'to_update'"):
        StreamApp(rules=[rules.Materialize(id="m1", event_type="*", to_updat=dict)])  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize("parallel", [0, 65, "8", True])
def test_parallel_is_a_number_of_lanes(parallel):
    with pytest.raises(ValueError, match="parallel must be from 1 to 64, got"):
        StreamApp(parallel=parallel)


def test_a_wrong_path_to_redact_is_told_at_import():
    with pytest.raises(ValueError, match="redact must have names or paths"):
        StreamApp(redact=[""])


WRONG = [
    ({"rules": ["m1"]}, "rules must be a list of rules .* got 'm1'"),
    ({"rules": "m1"}, "rules must be a list of rules .* got 'm1'"),
    ({"rules": rules.Materialize}, "rules must be a list of rules .* got <class"),
    ({"source": "kinesis"}, "source must be a function like from_kinesis, got 'kinesis'"),
    ({"decode": 3}, "decode must be a function like json.loads, got 3"),
    ({"encode": 3}, "encode must be a function like json.dumps, got 3"),
    ({"policy": "drop"}, "policy must be of Policy, got 'drop'"),
    ({"images": "new"}, "images must be of Images, got 'new'"),
    ({"redact": [3]}, r"redact must be names, got \[3\]; write redact=\['customer.email'\]"),
    ({"claims": 3}, "claims must be names, got 3"),
]


@pytest.mark.parametrize(("options", "text"), WRONG)
def test_a_wrong_argument_of_an_app_is_told_at_import(options, text):
    with pytest.raises(ValueError, match=text):
        StreamApp(**options)


def test_one_field_to_redact_needs_no_list():
    app = StreamApp(redact="secret")
    app.pipeline("fails", event_type="*")(lambda stream: stream.map(lambda uow: uow.nothing))
    processor = MemoryProcessor(app)
    processor.handle(to_kinesis_records([event(0) | {"secret": "hush"}]))
    assert "hush" not in json.dumps(processor.faults())


def test_events_of_our_own_are_for_those_that_ask_for_them_alone(world):
    seen, own = [], []
    app = listening(seen)
    app.pipeline("own", event_type="*", own=True)(
        lambda stream: stream.map(lambda uow: own.append(uow.event.id) or uow)
    )
    batch = [event(0, tags={"source": "orders"}), event(1, tags={"source": "others"})]
    app.handle(to_kinesis_records(batch), world)
    assert ([each.id for each in seen], own) == (["e1"], ["e0", "e1"])


def test_an_event_to_skip_is_nobody_s(world):
    seen = []
    batch = [event(0, tags={"skip": True}), event(1)]
    listening(seen).handle(to_kinesis_records(batch), world)
    assert [each.id for each in seen] == ["e1"]


def test_records_are_resubmitted_to_pipelines_that_are_no_more():
    app = listening([])
    batch = {**to_kinesis_records([event(0)]), "resubmission": {"pipelines": ["gone"]}}
    with pytest.raises(ValueError, match=r"pipelines that are no more: \['gone'\]"):
        app.handle(batch, SimpleNamespace(tags={}, platform=MemoryPlatform()))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("resubmission", [None, {}, {"pipelines": []}])
def test_records_that_are_resubmitted_to_nobody_are_for_all(resubmission, world):
    seen = []
    batch = {**to_kinesis_records([event(0)]), "resubmission": resubmission}
    listening(seen).handle(batch, world)
    assert len(seen) == 1


# --- claim checks ------------------------------------------------------------------------------


def test_a_claim_check_for_a_strange_bucket_is_a_fault_of_its_event(world):
    claim = {"bucket": "mine", "key": "claims/" + "0" * 64 + ".json", "size": 10}
    seen = []
    policy = Policy().on(ValueError, Action.DROP)
    batch = [event(0), Event({**event(1), CLAIM: claim}), event(2)]
    listening(seen, policy=policy).handle(to_kinesis_records(batch), world)
    assert [each.id for each in seen] == ["e0", "e2"]


# --- in Lambda ---------------------------------------------------------------------------------


def test_the_handler_says_what_the_construct_should_have_written():
    with pytest.raises(ValueError, match="CDK_STREAMER_STREAM_NAME is missing"):
        StreamApp().handler(to_kinesis_records([event(0)]), None)


def test_the_handler_runs_a_batch_and_writes_its_metrics(monkeypatch, capsys):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    seen = []
    answer = listening(seen).handler(to_kinesis_records([event(0)]), None)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (answer, len(seen)) == (EMPTY, 1)
    assert [line["Records"] for line in lines if "Records" in line] == [1]


def test_two_apps_in_one_process_know_nothing_of_each_other(world):
    first, second = [], []
    one, other = listening(first), listening(second)
    one.handle(to_kinesis_records([event(0)]), world)
    other.handle(to_kinesis_records([event(1)]), world)
    assert ([each.id for each in first], [each.id for each in second]) == (["e0"], ["e1"])


def test_tags_tell_who_emits():
    context = SimpleNamespace(
        invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:listener",
        function_name="listener",
    )
    assert tags_of("orders", context) == {
        "account": "123456789012",
        "region": "eu-west-1",
        "source": "orders",
        "functionname": "listener",
    }


def test_a_name_that_the_construct_does_not_know_is_told_with_those_that_it_knows():
    resources = NamedResources.read('{"bus": "b"}')
    with pytest.raises(ValueError, match="no queue is called 'jobs', only 'bus'"):
        resources.address("queue", "jobs")  # pyright: ignore[reportArgumentType]


def test_what_a_lane_does_for_several_it_does_one_after_the_other():
    machine = LaneMachine(2)

    def lane(number):
        return list(machine.each(lambda part: (number, part), range(3)))

    assert list(machine.each(lane, range(4))) == [
        [(number, part) for part in range(3)] for number in range(4)
    ]


# --- policies ----------------------------------------------------------------------------------


def test_a_policy_s_most_specific_class_decides():
    policy = Policy().on(Exception, Action.DROP).on(LookupError, Action.STOP)
    assert policy.action(KeyError("x")) is Action.STOP
    assert policy.action(ValueError("x")) is Action.DROP


def test_a_policy_does_not_change_the_one_it_was_made_of():
    policy = Policy()
    policy.on(ValueError, Action.DROP)
    assert policy.action(ValueError()) is None


@pytest.mark.parametrize("kind", [42, int, "", None])
def test_a_policy_is_for_errors_alone(kind):
    with pytest.raises(ValueError, match="a policy is for a class of errors or the code"):
        Policy().on(kind, Action.DROP)


def test_a_policy_knows_its_actions():
    with pytest.raises(ValueError, match="action must be one of retry, redeliver, fault"):
        Policy().on(ValueError, "ignore")


def test_records_that_cannot_be_read_have_a_policy_too():
    assert Policy().on(Undecodable, "drop").actions == {Undecodable: Action.DROP}


@pytest.mark.parametrize(
    ("codes", "action"),
    [
        (["None", "TransactionConflict"], Action.RETRY),
        (["ConditionalCheckFailed", "TransactionConflict"], Action.RETRY),
        (["ConditionalCheckFailed", "None"], Action.FAULT),
        (["ValidationError", "TransactionConflict"], Action.FAULT),
    ],
)
def test_a_transaction_is_repeated_when_only_others_were_in_its_way(codes, action):
    error = TransactionCancelled("TransactionCanceledException", "", 400, "TransactWriteItems")
    error.reasons = [{"Code": code} for code in codes]
    assert action_of(error, ()) is action


def test_an_error_of_the_sdk_is_known_by_its_code():
    class ClientError(Exception):
        response: ClassVar[dict[str, Any]] = {
            "Error": {"Code": "ThrottlingException"},
            "ResponseMetadata": {"HTTPStatusCode": 400},
        }

    assert action_of(ClientError(), ()) is Action.RETRY
    policy = Policy().on("ThrottlingException", Action.FAULT)
    assert action_of(ClientError(), (policy,)) is Action.FAULT
