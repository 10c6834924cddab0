"""What an AsyncRequestApi deploys."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import Duration, RemovalPolicy, Stack, aws_lambda as lambda_, aws_s3 as s3

from cdk_streamer import AsyncRequestApi
from cdk_streamer_runtime import contract
from tests.constructs.stacks import new_api, new_stack, resources, template_of, the

FUNCTION, QUEUE, SOURCE = (
    "AWS::Lambda::Function",
    "AWS::SQS::Queue",
    "AWS::Lambda::EventSourceMapping",
)
FUNCTIONS = [
    "ApiSocketAuthorizerFunction",
    "ApiSocketConnectionFunction",
    "ApiSocketMessageFunction",
    "ApiDispatcherFunction",
    "ApiRedispatcherFunction",
    "ApiWatcherFunction",
    "ApiWorkerFunction",
    "ApiHttpHandlerFunction",
]
RUN_HANDLERS = ["ApiSocketMessageFunction", "ApiWorkerFunction", "ApiHttpHandlerFunction"]
QUEUES = ["ApiWorkQueue", "ApiWatchQueue", "ApiDispatchFailuresQueue"]
DEAD_LETTERS = ["ApiWorkDeadLetters", "ApiWatchDeadLetters", "ApiDispatchFailuresDeadLetters"]


@pytest.fixture(scope="module")
def api() -> AsyncRequestApi:
    return new_api(new_stack(), environment={"BUCKET": "files"})


@pytest.fixture(scope="module")
def template(api: AsyncRequestApi) -> dict[str, Any]:
    return template_of(Stack.of(api))


# --- functions ------------------------------------------------------------------------------------


def test_eight_functions_run_an_api(template: dict[str, Any]):
    assert len(resources(template, FUNCTION)) == len(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_the_defaults_of_the_house(template: dict[str, Any], name: str):
    function = the(template, FUNCTION, name)
    assert function["Runtime"] == "python3.13"
    assert function["Architectures"] == ["arm64"]
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert function["LoggingConfig"]["LogFormat"] == "JSON"
    assert function["Timeout"] > 0
    assert function["MemorySize"] >= 256


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_writes_to_a_log_group_of_its_own(template: dict[str, Any], name: str):
    group = the(template, FUNCTION, name)["LoggingConfig"]["LogGroup"]["Ref"]
    assert group.startswith(name.removesuffix("Function") + "Logs")
    assert template["Resources"][group]["Properties"]["RetentionInDays"] == 30


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_a_role_of_its_own(template: dict[str, Any], name: str):
    role = the(template, FUNCTION, name)["Role"]["Fn::GetAtt"][0]
    assert role.startswith(name.removesuffix("Function") + "Role")
    assert "ManagedPolicyArns" not in template["Resources"][role]["Properties"]


@pytest.mark.parametrize(
    ("name", "entry_point"),
    [
        ("ApiSocketAuthorizerFunction", contract.EntryPoint.AUTHORIZER),
        ("ApiSocketConnectionFunction", contract.EntryPoint.CONNECTION),
        ("ApiSocketMessageFunction", contract.EntryPoint.MESSAGE),
        ("ApiDispatcherFunction", contract.EntryPoint.DISPATCHER),
        ("ApiRedispatcherFunction", contract.EntryPoint.REDISPATCHER),
        ("ApiWatcherFunction", contract.EntryPoint.WATCHER),
        ("ApiWorkerFunction", contract.EntryPoint.WORKER),
        ("ApiHttpHandlerFunction", contract.EntryPoint.HTTP),
    ],
)
def test_each_function_starts_at_its_entry_point(
    template: dict[str, Any], name: str, entry_point: contract.EntryPoint
):
    assert the(template, FUNCTION, name)["Handler"] == entry_point


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        ("ApiSocketAuthorizerFunction", contract.AuthorizerEnvironment),
        ("ApiSocketConnectionFunction", contract.ConnectionEnvironment),
        ("ApiSocketMessageFunction", contract.MessageEnvironment),
        ("ApiDispatcherFunction", contract.DispatcherEnvironment),
        ("ApiRedispatcherFunction", contract.DispatcherEnvironment),
        ("ApiWatcherFunction", contract.WatcherEnvironment),
        ("ApiWorkerFunction", contract.WorkerEnvironment),
        ("ApiHttpHandlerFunction", contract.HttpEnvironment),
    ],
)
def test_the_runtime_can_read_what_the_construct_wrote(
    template: dict[str, Any], name: str, environment: type[contract.Environment]
):
    variables = the(template, FUNCTION, name)["Environment"]["Variables"]
    deployed = {
        key: json.dumps(value) if isinstance(value, dict) else value
        for key, value in variables.items()
    }
    assert getattr(environment.from_variables(deployed), "name", None) == "Reports/Api"


def test_the_message_function_accepts_async_actions(template: dict[str, Any]):
    variables = the(template, FUNCTION, "ApiSocketMessageFunction")["Environment"]["Variables"]
    assert variables["CDK_STREAMER_REQUESTS"] == "1"
    assert variables["CDK_STREAMER_ENTRY_POINT"] == "handlers.requests:app"


@pytest.mark.parametrize("name", RUN_HANDLERS)
def test_functions_that_run_handlers_get_the_users_environment_and_the_runtimes_layer(
    template: dict[str, Any], name: str
):
    function = the(template, FUNCTION, name)
    assert function["Environment"]["Variables"]["BUCKET"] == "files"
    (layer,) = function["Layers"]
    assert layer["Ref"].startswith("ApiSocketRuntime")


def test_functions_of_the_runtime_get_nothing_of_the_users(template: dict[str, Any]):
    watcher = the(template, FUNCTION, "ApiWatcherFunction")
    assert "BUCKET" not in watcher["Environment"]["Variables"]
    assert "Layers" not in watcher


@pytest.mark.parametrize("name", ["ApiWorkerFunction", "ApiWatcherFunction"])
def test_a_function_that_queues_for_itself_is_not_taken_for_a_loop(
    template: dict[str, Any], name: str
):
    # Lambda stops what went through a function and a queue 16 times; a request has 25 attempts.
    assert the(template, FUNCTION, name)["RecursiveLoop"] == "Allow"


def test_only_what_ends_stays_out_of_the_loop_detection(template: dict[str, Any]):
    allowed = [f for f in resources(template, FUNCTION).values() if "RecursiveLoop" in f]
    assert len(allowed) == 2


# --- queues ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*QUEUES, *DEAD_LETTERS])
def test_every_queue_is_encrypted(template: dict[str, Any], name: str):
    assert the(template, QUEUE, name)["SqsManagedSseEnabled"] is True


@pytest.mark.parametrize("name", [*QUEUES, *DEAD_LETTERS])
def test_every_queue_refuses_plain_http(template: dict[str, Any], name: str):
    policy = the(template, "AWS::SQS::QueuePolicy", name)
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Deny", "sqs:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Principal"] == {"AWS": "*"}


@pytest.mark.parametrize("name", DEAD_LETTERS)
def test_dead_letters_are_kept_for_fourteen_days(template: dict[str, Any], name: str):
    assert the(template, QUEUE, name)["MessageRetentionPeriod"] == 14 * 24 * 3600


# A watch message is sent again before it is twelve days old.
@pytest.mark.parametrize("name", ["ApiWorkQueue", "ApiDispatchFailuresQueue"])
def test_a_message_that_dies_old_can_still_be_read_for_days(template: dict[str, Any], name: str):
    assert the(template, QUEUE, name)["MessageRetentionPeriod"] <= 7 * 24 * 3600


@pytest.mark.parametrize(
    ("name", "receives"),
    [
        ("ApiWorkQueue", contract.WORK_RECEIVES),
        ("ApiWatchQueue", contract.WATCH_RECEIVES),
        ("ApiDispatchFailuresQueue", 5),
    ],
)
def test_every_queue_gives_up_into_its_dead_letters(
    template: dict[str, Any], name: str, receives: int
):
    redrive = the(template, QUEUE, name)["RedrivePolicy"]
    assert redrive["maxReceiveCount"] == receives
    assert redrive["deadLetterTargetArn"]["Fn::GetAtt"][0].startswith(
        name.removesuffix("Queue") + "DeadLetters"
    )


def test_a_work_message_is_hidden_for_longer_than_the_worker_can_run(template: dict[str, Any]):
    worker = the(template, FUNCTION, "ApiWorkerFunction")
    queue = the(template, QUEUE, "ApiWorkQueue")
    assert queue["VisibilityTimeout"] == worker["Timeout"] + contract.VISIBILITY_MARGIN_SECONDS


@pytest.mark.parametrize(
    ("queue", "function"),
    [
        ("ApiWatchQueue", "ApiWatcherFunction"),
        ("ApiDispatchFailuresQueue", "ApiRedispatcherFunction"),
    ],
)
def test_messages_of_batches_are_hidden_for_six_timeouts(
    template: dict[str, Any], queue: str, function: str
):
    timeout = the(template, FUNCTION, function)["Timeout"]
    assert the(template, QUEUE, queue)["VisibilityTimeout"] >= 6 * timeout


# --- event sources --------------------------------------------------------------------------------


def test_the_stream_wakes_the_dispatcher_for_new_requests_alone(template: dict[str, Any]):
    (criterion,) = the(template, SOURCE, "ApiDispatcher")["FilterCriteria"]["Filters"]
    assert json.loads(criterion["Pattern"]) == contract.DISPATCH_FILTER


def test_the_stream_gives_up_in_time_and_keeps_what_it_gave_up(template: dict[str, Any]):
    source = the(template, SOURCE, "ApiDispatcher")
    assert 0 < source["MaximumRetryAttempts"] <= 100
    assert 0 < source["MaximumRecordAgeInSeconds"] < 24 * 3600
    assert source["BisectBatchOnFunctionError"] is True
    destination = source["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0]
    assert destination.startswith("ApiDispatchFailuresQueue")


def test_the_stream_is_read_from_its_beginning(template: dict[str, Any]):
    assert the(template, SOURCE, "ApiDispatcher")["StartingPosition"] == "TRIM_HORIZON"


@pytest.mark.parametrize("name", ["ApiDispatcher", "ApiRedispatcher", "ApiWatcher", "ApiWorker"])
def test_every_source_takes_partial_failures(template: dict[str, Any], name: str):
    assert the(template, SOURCE, name)["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize(
    ("name", "queue"),
    [
        ("ApiRedispatcher", "ApiDispatchFailuresQueue"),
        ("ApiWatcher", "ApiWatchQueue"),
        ("ApiWorker", "ApiWorkQueue"),
    ],
)
def test_each_queue_wakes_its_function(template: dict[str, Any], name: str, queue: str):
    assert the(template, SOURCE, name)["EventSourceArn"]["Fn::GetAtt"][0].startswith(queue)


def test_a_worker_gets_one_request_at_a_time(template: dict[str, Any]):
    assert the(template, SOURCE, "ApiWorker")["BatchSize"] == 1


# --- props ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tuned() -> dict[str, Any]:
    stack = new_stack()
    new_api(
        stack,
        worker_timeout=Duration.minutes(2),
        max_concurrency=7,
        lease=Duration.seconds(30),
        max_progress_rate=100,
        retention=Duration.days(1),
        memory_size=2048,
        architecture=lambda_.Architecture.X86_64,
        removal_policy=RemovalPolicy.DESTROY,
        stage_name="v2",
    )
    return template_of(stack)


def test_the_workers_timeout_reaches_function_queue_and_runtime(tuned: dict[str, Any]):
    worker = the(tuned, FUNCTION, "ApiWorkerFunction")
    message = the(tuned, FUNCTION, "ApiSocketMessageFunction")
    assert worker["Timeout"] == 120
    assert the(tuned, QUEUE, "ApiWorkQueue")["VisibilityTimeout"] == 180
    assert worker["Environment"]["Variables"]["CDK_STREAMER_WORKER_TIMEOUT_SECONDS"] == "120"
    assert message["Environment"]["Variables"]["CDK_STREAMER_WORKER_TIMEOUT_SECONDS"] == "120"


def test_concurrency_is_limited_where_the_queue_is_read(tuned: dict[str, Any]):
    assert the(tuned, SOURCE, "ApiWorker")["ScalingConfig"] == {"MaximumConcurrency": 7}


@pytest.mark.parametrize(
    "name",
    ["ApiDispatcherFunction", "ApiRedispatcherFunction", "ApiWatcherFunction", "ApiWorkerFunction"],
)
def test_the_lease_reaches_all_who_count_by_it(tuned: dict[str, Any], name: str):
    variables = the(tuned, FUNCTION, name)["Environment"]["Variables"]
    assert variables["CDK_STREAMER_LEASE_SECONDS"] == "30"


@pytest.mark.parametrize("name", [*RUN_HANDLERS, "ApiWatcherFunction"])
def test_the_retention_reaches_all_who_end_requests(tuned: dict[str, Any], name: str):
    variables = the(tuned, FUNCTION, name)["Environment"]["Variables"]
    assert variables["CDK_STREAMER_RETENTION_SECONDS"] == str(24 * 3600)


def test_the_progress_rate_reaches_the_worker(tuned: dict[str, Any]):
    variables = the(tuned, FUNCTION, "ApiWorkerFunction")["Environment"]["Variables"]
    assert variables["CDK_STREAMER_MAX_RATE"] == "100"


@pytest.mark.parametrize("name", RUN_HANDLERS)
def test_memory_goes_to_functions_that_run_handlers(tuned: dict[str, Any], name: str):
    assert the(tuned, FUNCTION, name)["MemorySize"] == 2048


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_architecture_is_the_same_for_all_functions(tuned: dict[str, Any], name: str):
    assert the(tuned, FUNCTION, name)["Architectures"] == ["x86_64"]


def test_what_may_go_goes_with_the_stack(tuned: dict[str, Any]):
    kinds = ("AWS::DynamoDB::Table", "AWS::Logs::LogGroup")
    policies = {r["DeletionPolicy"] for r in tuned["Resources"].values() if r["Type"] in kinds}
    assert policies == {"Delete"}
    assert the(tuned, "AWS::DynamoDB::Table", "Api")["DeletionProtectionEnabled"] is False


# --- attributes -----------------------------------------------------------------------------------


def test_handlers_reach_what_their_functions_are_granted():
    stack = new_stack()
    api = new_api(stack)
    bucket = s3.Bucket(stack, "Bucket")
    granted = {bucket.grant_read(function).success for function in api.handler_functions}
    assert granted == {True}
    policies = resources(template_of(stack), "AWS::IAM::Policy")
    assert [name.partition("Default")[0] for name in sorted(policies)] == [
        "ApiHttpHandlerRole",
        "ApiSocketMessageRole",
        "ApiWorkerRole",
    ]


def test_every_queue_for_what_was_given_up_can_be_watched(api: AsyncRequestApi):
    assert [queue.node.path for queue in api.dead_letter_queues] == [
        "Reports/Api/Work/DeadLetters",
        "Reports/Api/Watch/DeadLetters",
        "Reports/Api/DispatchFailures/DeadLetters",
    ]
    assert api.work_queue.node.path == "Reports/Api/Work/Queue"


@pytest.mark.parametrize(
    ("method", "metric"),
    [
        ("metric_requests_queued", contract.Metric.REQUESTS_QUEUED),
        ("metric_requests_succeeded", contract.Metric.REQUESTS_SUCCEEDED),
        ("metric_requests_failed", contract.Metric.REQUESTS_FAILED),
        ("metric_requests_cancelled", contract.Metric.REQUESTS_CANCELLED),
        ("metric_requests_expired", contract.Metric.REQUESTS_EXPIRED),
        ("metric_requests_retried", contract.Metric.REQUESTS_RETRIED),
        ("metric_requests_limited", contract.Metric.REQUESTS_LIMITED),
        ("metric_webhooks_delivered", contract.Metric.WEBHOOKS_DELIVERED),
        ("metric_webhooks_failed", contract.Metric.WEBHOOKS_FAILED),
        ("metric_leases_lost", contract.Metric.LEASES_LOST),
        ("metric_queue_age", contract.Metric.QUEUE_AGE),
    ],
)
def test_a_metric_is_the_one_that_the_runtime_emits(
    api: AsyncRequestApi, method: str, metric: contract.Metric
):
    found = getattr(api, method)()
    assert (found.namespace, found.metric_name) == (contract.METRIC_NAMESPACE, metric)
    assert found.dimensions == {contract.METRIC_DIMENSION: "Reports/Api"}


def test_the_url_is_the_stages(api: AsyncRequestApi):
    assert Stack.of(api).resolve(api.url)["Fn::Join"][1][0] == "wss://"
    assert api.url == api.socket.stage.url
