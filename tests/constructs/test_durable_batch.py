"""What a DurableBatch deploys: a durable function, what starts it, and what takes its items."""

from __future__ import annotations

import json
import re
from typing import Any, cast

import pytest
from aws_cdk import (
    App,
    Aws,
    Duration,
    Environment,
    NestedStack,
    Stack,
    aws_kms as kms,
    aws_lambda as lambda_,
    aws_lambda_destinations as destinations,
    aws_scheduler as scheduler,
    aws_sqs as sqs,
)

from cdk_streamer import BatchTarget, DurableBatch, Nesting, Pacing, RateLimit
from cdk_streamer._code.requirements import Requirements
from cdk_streamer_runtime.contract import WORKER_TIMEOUT_SECONDS, EntryPoint
from cdk_streamer_runtime.contract.batches import (
    BATCH_ID_PATTERN,
    BatchEnvironment,
    BatchSettings,
    BatchStarterEnvironment,
    TargetKind,
)
from tests.constructs.stacks import (
    ENVIRONMENT,
    HANDLERS,
    REMOTE_QUEUE,
    WITHOUT_ASSETS,
    bare_batch,
    full_batch,
    full_batch_template,
    new_api,
    new_batch,
    new_function,
    new_sink,
    new_stack,
    resources,
    template_of,
    the,
    variables,
)
from tests.constructs.test_synthesis import recommended_flags

FUNCTION, VERSION, ALIAS = "AWS::Lambda::Function", "AWS::Lambda::Version", "AWS::Lambda::Alias"
QUEUE, SCHEDULE = "AWS::SQS::Queue", "AWS::Scheduler::Schedule"
INVOCATIONS = "AWS::Lambda::EventInvokeConfig"
DAILY = scheduler.ScheduleExpression.rate(Duration.days(1))
DAY = 24 * 60 * 60


def batch_template(context: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    stack = new_stack(context=WITHOUT_ASSETS | (context or {}))
    bare_batch(stack, **settings)
    return template_of(stack)


def written(value: Any) -> str:
    """Give a text with the logical ids in place of what is not known yet."""
    match value:
        case {"Fn::Join": [delimiter, parts]}:
            return str(delimiter).join(map(written, parts))
        case {"Ref": name} | {"Fn::GetAtt": [name, *_]}:
            return f"<{name}>"
        case _:
            return str(value)


def deployed(template: dict[str, Any], name: str) -> dict[str, str]:
    return {key: written(value) for key, value in variables(template, name).items()}


def settings_of(template: dict[str, Any]) -> BatchSettings:
    environment = BatchEnvironment.from_variables(deployed(template, "DailyDurableFunction"))
    return BatchSettings.from_text(environment.batch)


def version_of(template: dict[str, Any]) -> str:
    (name,) = resources(template, VERSION)
    return name


# --- the function ---------------------------------------------------------------------------------


def test_a_batch_runs_in_a_durable_function():
    function = the(full_batch_template(), FUNCTION, "DailyDurableFunction")
    assert function["Handler"] == EntryPoint.BATCH
    assert function["Runtime"] == "python3.13"  # durable functions need it
    assert function["Timeout"] == WORKER_TIMEOUT_SECONDS
    assert function["Layers"][0]["Ref"].startswith("DailyDurableRuntime")


def test_a_batch_takes_an_hour_and_its_id_two_weeks_unless_told_otherwise():
    config = the(batch_template(), FUNCTION, "DailyDurableFunction")["DurableConfig"]
    assert config == {"ExecutionTimeout": 3_600, "RetentionPeriodInDays": 14}


@pytest.mark.parametrize(("seconds", "days"), [(60, 1), (366 * DAY, 90)])
def test_a_batch_takes_as_long_as_was_said(seconds: int, days: int):
    template = batch_template(
        execution_timeout=Duration.seconds(seconds), retention_period=Duration.days(days)
    )
    config = the(template, FUNCTION, "DailyDurableFunction")["DurableConfig"]
    assert config == {"ExecutionTimeout": seconds, "RetentionPeriodInDays": days}
    told = deployed(template, "DailyDurableFunction")["CDK_STREAMER_EXECUTION_TIMEOUT_SECONDS"]
    assert told == str(seconds)


def test_it_reads_its_settings():
    environment = BatchEnvironment.from_variables(
        deployed(full_batch_template(), "DailyDurableFunction")
    )
    assert environment.batch_name == "Reports/Daily"
    assert environment.entry_point == "handlers.batch:batch"
    assert (environment.channel_table_name or "").startswith("<DailyProgressTable")
    assert (environment.channel_endpoint or "").startswith("https://<DailyProgressApi")
    assert deployed(full_batch_template(), "DailyDurableFunction")["TABLE"] == "users"


def test_what_was_not_said_is_as_the_runtime_has_it():
    settings = settings_of(batch_template(target=None))
    queue = settings.dead_letter_queue_url
    assert settings == BatchSettings(name="Reports/Daily", dead_letter_queue_url=queue)


def test_what_was_said_is_told():
    settings = settings_of(
        batch_template(
            chunk_size=100,
            max_concurrency=2,
            rate_limit=RateLimit.per_second(50),
            pacing=Pacing.DELAY,
            max_attempts=5,
            retry_delay=Duration.seconds(30),
            tolerated_failure_percentage=2.5,
            tolerated_failure_count=10,
            nesting=Nesting.NESTED,
        )
    )
    assert (settings.chunk_size, settings.max_concurrency) == (100, 2)
    assert (settings.rate, settings.pacing) == (50, Pacing.DELAY)
    assert (settings.max_attempts, settings.retry_seconds) == (5, 30)
    assert (settings.tolerated_percentage, settings.tolerated_count) == (2.5, 10)
    assert settings.nesting is Nesting.NESTED


def test_a_word_is_as_good_as_a_choice():
    settings = settings_of(batch_template(nesting="nested"))
    assert settings.nesting is Nesting.NESTED


def test_a_customers_key_encrypts_executions_and_queues():
    stack = new_stack()
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:123456789012:key/one")
    bare_batch(stack, encryption_key=key, schedule=DAILY)
    template = template_of(stack)
    config = the(template, FUNCTION, "DailyDurableFunction")["DurableConfig"]
    assert config["KMSKeyArn"] == key.key_arn
    assert {queue["KmsMasterKeyId"] for queue in resources(template, QUEUE).values()} == {
        key.key_arn
    }


# --- versions -------------------------------------------------------------------------------------


def test_executions_are_started_by_an_alias_whose_versions_stay():
    alias = the(full_batch_template(), ALIAS, "DailyDurableLive")
    version = full_batch_template()["Resources"][alias["FunctionVersion"]["Fn::GetAtt"][0]]
    assert (version["DeletionPolicy"], version["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert written(alias["FunctionName"]).startswith("<DailyDurableFunction")


def test_another_setting_is_another_version():
    assert version_of(batch_template()) != version_of(batch_template(chunk_size=50))


def test_another_layer_is_another_version(monkeypatch: pytest.MonkeyPatch):
    before = version_of(batch_template())
    monkeypatch.setattr(Requirements, "key", "another lock")
    assert version_of(batch_template()) != before


def test_the_users_flags_do_not_change_the_version():
    assert version_of(batch_template(recommended_flags())) == version_of(batch_template())


# --- what Lambda would refuse at deployment -------------------------------------------------------


def faults(change: Any) -> list[str]:
    stack = new_stack()
    change(bare_batch(stack))
    return [fault for child in stack.node.find_all() for fault in child.node.validate()]


def test_a_batch_as_it_is_has_no_faults():
    assert faults(lambda batch: batch) == []


def test_executions_have_no_destination():
    def send_results_somewhere(batch: DurableBatch) -> None:
        queue: Any = sqs.Queue(batch, "Results")
        anywhere: Any = destinations.SqsDestination(queue)
        batch.alias.configure_async_invoke(on_success=anywhere)

    (fault,) = faults(send_results_somewhere)
    assert "executions can have no destinations" in fault
    assert "remove it" in fault


def test_how_often_lambda_tries_is_nobody_elses_business():
    def try_once(batch: DurableBatch) -> None:
        batch.alias.configure_async_invoke(retry_attempts=0)

    assert faults(try_once) == []


@pytest.mark.parametrize(("runtime", "count"), [("3.12", 1), ("3.13", 0), ("3.14", 0)])
def test_executions_need_a_python_that_knows_them(runtime: str, count: int):
    def use_another_python(batch: DurableBatch) -> None:
        resource: Any = batch.function.node.default_child
        resource.runtime = f"python{runtime}"

    found = faults(use_another_python)
    assert len(found) == count
    assert all("executions need Python 3.13 or later, got 'python3.12'" in each for each in found)


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"execution_timeout": Duration.days(367)}, "execution_timeout must be 60 to 31622400"),
        ({"execution_timeout": Duration.seconds(59)}, "leave it out for 3600"),
        ({"retention_period": Duration.days(91)}, "retention_period must be 86400 to 7776000"),
        ({"retention_period": Duration.hours(12)}, "retention_period must be 86400"),
        ({"retention_period": Duration.hours(36)}, "whole days, 1 to 90, got 1.5"),
        ({"chunk_size": 0}, "chunk_size must be 1 to 1000, got 0; leave it out for 25"),
        ({"chunk_size": 1_001}, "chunk_size must be 1 to 1000"),
        ({"max_concurrency": 101}, "max_concurrency must be 1 to 100"),
        ({"max_attempts": 11}, "max_attempts must be 1 to 10"),
        ({"retry_delay": Duration.minutes(6)}, "retry_delay must be 1 to 300"),
        ({"tolerated_failure_percentage": 101}, "must be 0 to 100, got 101"),
        ({"tolerated_failure_percentage": float("nan")}, "must be 0 to 100, got nan"),
        ({"tolerated_failure_percentage": True}, "must be 0 to 100, got True"),
        ({"tolerated_failure_count": -1}, "tolerated_failure_count must be 0 to"),
        ({"pacing": "soon"}, "pacing must be Pacing.WAIT or Pacing.DELAY, got 'soon'"),
        ({"nesting": "deep"}, "nesting must be Nesting.FLAT or Nesting.NESTED, got 'deep'"),
        ({"rate_limit": 50}, r"use RateLimit.per_second\(50\)"),
        ({"target": REMOTE_QUEUE}, "target must be a BatchTarget"),
        ({"schedule": "rate(1 day)"}, "schedule must be a ScheduleExpression"),
        ({"schedule_payload": {}}, "schedule_payload given without schedule"),
        ({"schedule": DAILY, "schedule_payload": {1, 2}}, "schedule_payload must be JSON"),
        ({"progress": "socket"}, "progress must be a ProgressWebSocket"),
        ({"dead_letter_queue": "arn"}, "dead_letter_queue must be a queue"),
        ({"environment": {"CDK_STREAMER_BATCH": "x"}}, "belong to the runtime"),
    ],
)
def test_what_cannot_be_is_refused_with_the_remedy(settings: dict[str, Any], remedy: str):
    stack = new_stack()
    with pytest.raises(ValueError, match=remedy):
        bare_batch(stack, **settings)
    assert not any(isinstance(child, DurableBatch) for child in stack.node.children)


def test_items_that_were_given_up_do_not_go_to_the_target():
    stack = new_stack()
    queue = sqs.Queue(stack, "Mails")
    with pytest.raises(ValueError, match="another queue than the target, got 'Reports/Mails'"):
        bare_batch(stack, target=BatchTarget.queue(queue), dead_letter_queue=queue)


def test_a_folder_without_a_batch_is_refused(tmp_path: Any):
    (tmp_path / "handlers").mkdir()
    with pytest.raises(ValueError, match=r"create handlers/batch.py with a Batch named batch"):
        bare_batch(new_stack(), handlers=tmp_path / "handlers")


# --- pacing ---------------------------------------------------------------------------------------


def test_a_chunk_that_waits_longer_than_an_invocation_is_refused():
    with pytest.raises(ValueError, match=r"5 chunks of 25 at 0\.25 a second wait 500 seconds"):
        bare_batch(new_stack(), rate_limit=RateLimit.per_minute(15))


def test_what_waits_for_half_of_an_invocation_is_taken():
    settings = settings_of(batch_template(rate_limit=RateLimit.per_second(125 / 450)))
    assert settings.rate == 125 / 450


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({}, "without a rate; pass rate_limit"),
        ({"rate_limit": RateLimit.per_second(1), "target": None}, "needs a standard queue"),
        (
            {"rate_limit": RateLimit.per_minute(1), "chunk_size": 16},
            "takes longer than the 900 seconds",
        ),
    ],
)
def test_a_delay_needs_a_rate_and_a_queue(settings: dict[str, Any], remedy: str):
    with pytest.raises(ValueError, match=remedy):
        bare_batch(new_stack(), pacing=Pacing.DELAY, **settings)


def test_messages_of_a_fifo_queue_are_not_delayed_one_by_one():
    stack = new_stack()
    target = BatchTarget.queue(sqs.Queue(stack, "Queue", fifo=True))
    with pytest.raises(ValueError, match="needs a standard queue"):
        bare_batch(stack, target=target, pacing=Pacing.DELAY, rate_limit=RateLimit.per_second(1))


# --- targets --------------------------------------------------------------------------------------


def test_a_queue_of_another_region_is_addressed_there():
    stack = new_stack(env=ENVIRONMENT)
    bare_batch(stack)
    settings = settings_of(template_of(stack))
    assert settings.target_kind is TargetKind.QUEUE
    assert settings.target_region == "us-east-1"
    url = settings.target_address
    assert url == "https://sqs.us-east-1.<AWS::URLSuffix>/123456789012/reminders"


def test_a_stack_without_a_region_names_that_of_the_queue():
    settings = settings_of(batch_template())
    assert settings.target_region == "us-east-1"


@pytest.mark.parametrize("env", [None, ENVIRONMENT])
def test_a_queue_of_the_same_region_needs_no_name_of_it(env: Environment | None):
    stack = new_stack(env=env)
    bare_batch(stack, target=BatchTarget.queue(sqs.Queue(stack, "Queue")))
    settings = settings_of(template_of(stack))
    assert settings.target_region is None
    assert (settings.target_address or "").startswith("<Queue")
    assert not settings.target_fifo


def test_a_queue_whose_region_is_told_at_deployment_is_addressed_there():
    stack = new_stack()
    arn = f"arn:aws:sqs:{Aws.REGION}:123456789012:reminders"
    bare_batch(stack, target=BatchTarget.queue(sqs.Queue.from_queue_arn(stack, "Queue", arn)))
    assert settings_of(template_of(stack)).target_region in {None, "<AWS::Region>"}


def test_a_queue_of_a_stack_elsewhere_has_to_be_imported():
    app = App(context=WITHOUT_ASSETS)
    elsewhere = Stack(app, "Elsewhere", env=Environment(account="123456789012", region="us-east-1"))
    target = BatchTarget.queue(sqs.Queue(elsewhere, "Queue"))
    with pytest.raises(ValueError, match=r"pass sqs\.Queue\.from_queue_arn"):
        bare_batch(Stack(app, "Here", env=ENVIRONMENT), target=target)


def test_a_fifo_queue_keeps_an_order_within_groups():
    stack = new_stack()
    target = BatchTarget.queue(sqs.Queue(stack, "Queue", fifo=True), ordered_by="user")
    bare_batch(stack, target=target)
    settings = settings_of(template_of(stack))
    assert (settings.target_fifo, settings.target_ordered_by) == (True, "user")


@pytest.mark.parametrize("account", ["123456789012", Aws.ACCOUNT_ID])
def test_a_fifo_queue_of_another_region_is_known_by_its_name(account: str):
    stack = new_stack()
    arn = f"arn:aws:sqs:us-east-1:{account}:reminders.fifo"
    queue = sqs.Queue.from_queue_arn(stack, "Queue", arn)
    bare_batch(stack, target=BatchTarget.queue(queue))
    assert settings_of(template_of(stack)).target_fifo


def test_a_standard_queue_has_no_groups():
    queue = sqs.Queue(new_stack(), "Queue")
    with pytest.raises(ValueError, match="leave it out, or use a FIFO queue"):
        BatchTarget.queue(queue, ordered_by="user")


def test_a_function_is_invoked_once_a_chunk():
    stack = new_stack()
    bare_batch(stack, target=BatchTarget.function(new_function(stack, "Worker")))
    settings = settings_of(template_of(stack))
    assert settings.target_kind is TargetKind.FUNCTION
    assert (settings.target_address or "").startswith("<Worker")
    assert settings.target_region is None


def test_a_function_of_another_region_is_refused():
    stack = new_stack(env=ENVIRONMENT)
    arn = "arn:aws:lambda:us-east-1:123456789012:function:worker"
    target = BatchTarget.function(lambda_.Function.from_function_arn(stack, "Worker", arn))
    with pytest.raises(ValueError, match="use a function of that region, or a queue in between"):
        bare_batch(stack, target=target)


def test_a_sink_is_sent_to_as_it_wants_it():
    stack = new_stack()
    sink = new_sink(stack, fifo=True, ordered_by="account")
    bare_batch(stack, target=BatchTarget.sink(sink))
    settings = settings_of(template_of(stack))
    assert settings.target_kind is TargetKind.QUEUE
    assert (settings.target_address or "").startswith("<Ledger")
    assert (settings.target_fifo, settings.target_ordered_by) == (True, "account")


@pytest.mark.parametrize(
    ("make", "remedy"),
    [
        (BatchTarget.queue, "pass a sqs.Queue"),
        (BatchTarget.function, "pass a lambda_.Function"),
        (BatchTarget.sink, "pass a ThrottledSink"),
    ],
)
def test_what_is_no_target_is_refused(make: Any, remedy: str):
    with pytest.raises(ValueError, match=remedy):
        make("reminders")


# --- dead letters ---------------------------------------------------------------------------------


def test_what_was_given_up_is_kept_for_two_weeks():
    template = batch_template()
    queue = the(template, QUEUE, "DailyDeadLetters")
    assert queue["MessageRetentionPeriod"] == 14 * DAY
    assert (settings_of(template).dead_letter_queue_url or "").startswith("<DailyDeadLetters")


def test_a_queue_of_the_users_takes_what_was_given_up():
    stack = new_stack()
    mine = sqs.Queue(stack, "Mine")
    batch = bare_batch(stack, dead_letter_queue=mine)
    template = template_of(stack)
    assert batch.dead_letter_queue is mine
    assert (settings_of(template).dead_letter_queue_url or "").startswith("<Mine")
    assert not any(name.startswith("Daily") for name in resources(template, QUEUE))


def test_dead_letters_go_to_a_standard_queue_nearby():
    stack = new_stack(env=ENVIRONMENT)
    with pytest.raises(ValueError, match="must be a standard queue"):
        bare_batch(stack, dead_letter_queue=sqs.Queue(stack, "Fifo", fifo=True))
    remote = sqs.Queue.from_queue_arn(stack, "Remote", REMOTE_QUEUE)
    with pytest.raises(ValueError, match="must be in the batch's own region"):
        bare_batch(stack, "Other", dead_letter_queue=remote)


# --- the schedule ---------------------------------------------------------------------------------


def test_without_a_schedule_nothing_starts_by_itself():
    template = batch_template()
    assert resources(template, SCHEDULE) == {}
    assert list(resources(template, FUNCTION)) == [
        name for name in resources(template, FUNCTION) if name.startswith("DailyDurableFunction")
    ]


def test_a_schedule_tells_the_starter_its_own_time():
    schedule = the(full_batch_template(), SCHEDULE, "DailyStarterSchedule")
    assert schedule["ScheduleExpression"] == "cron(0 6 * * ? *)"
    assert schedule["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert json.loads(schedule["Target"]["Input"]) == {
        "scheduled_at": "<aws.scheduler.scheduled-time>",
        "payload": {"to": "all"},
    }


def test_a_rate_is_the_same_in_every_zone():
    schedule = the(batch_template(schedule=DAILY), SCHEDULE, "DailyStarterSchedule")
    assert "ScheduleExpressionTimezone" not in schedule
    assert json.loads(schedule["Target"]["Input"])["payload"] is None


def test_an_occurrence_is_tried_for_hours_and_then_kept():
    schedule = the(full_batch_template(), SCHEDULE, "DailyStarterSchedule")
    invocations = the(full_batch_template(), INVOCATIONS, "DailyStarter")
    hours = 6 * 60 * 60
    assert schedule["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] == hours
    assert invocations["MaximumEventAgeInSeconds"] == hours
    kept = schedule["Target"]["DeadLetterConfig"]["Arn"]
    assert written(kept).startswith("<DailyStartFailures")
    assert invocations["DestinationConfig"]["OnFailure"]["Destination"] == kept


def test_the_starter_reads_its_settings():
    environment = BatchStarterEnvironment.from_variables(
        deployed(full_batch_template(), "DailyStarterFunction")
    )
    settings = BatchSettings.from_text(environment.batch)
    assert environment.id_prefix == "Reports-Daily"
    assert (settings.function or "").startswith("<DailyDurableLive")


def prefix_of(stack: Stack) -> str:
    """Give what the ids of the one scheduled batch of a stack begin with."""
    (prefix,) = (
        function["Environment"]["Variables"]["CDK_STREAMER_ID_PREFIX"]
        for function in resources(template_of(stack), FUNCTION).values()
        if function["Handler"] == EntryPoint.BATCH_STARTER
    )
    return written(prefix)


@pytest.mark.parametrize("length", [1, 30, 120])
def test_the_id_of_a_scheduled_batch_is_a_name_of_an_execution(length: int):
    stack = new_stack()
    bare_batch(stack, "D" * length, schedule=DAILY, target=None)
    assert re.fullmatch(BATCH_ID_PATTERN, f"{prefix_of(stack)}-20300131T0600Z")


def test_batches_in_nested_stacks_have_ids_of_their_own():
    stack = new_stack()
    nested = [NestedStack(stack, name) for name in ("One", "Other")]
    for each in nested:
        bare_batch(each, schedule=DAILY, target=None)
    first, second = map(prefix_of, nested)
    assert first != second
    assert "<" not in first + second


# --- who starts it, and who runs it ---------------------------------------------------------------


def test_a_function_that_may_start_batches_is_told_how():
    stack = new_stack()
    function = new_function(stack, "Office")
    bare_batch(stack).grant_start(function)
    told = BatchSettings.from_variables("Daily", deployed(template_of(stack), "Office"))
    assert (told.function or "").startswith("<DailyDurableLive")
    assert told.name == "Reports/Daily"


def test_a_function_knows_batches_by_different_ids():
    stack = new_stack()
    function = new_function(stack, "Office")
    bare_batch(stack).grant_start(function)
    bare_batch(stack, "Nightly").grant_start(function)
    with pytest.raises(ValueError, match="knows 'Reports/Daily' by the id 'Daily' already"):
        bare_batch(NestedStack(stack, "Nested")).grant_start(function)


def test_the_same_function_may_be_told_twice():
    stack = new_stack()
    batch, function = bare_batch(stack), new_function(stack, "Office")
    batch.grant_start(function)
    batch.grant_start(function)
    assert deployed(template_of(stack), "Office")


def test_a_function_that_cannot_be_told_is_refused():
    stack = new_stack()
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:office"
    function = lambda_.Function.from_function_arn(stack, "Office", arn)
    with pytest.raises(ValueError, match="grant_start sets variables of the function"):
        bare_batch(stack).grant_start(function)


@pytest.mark.parametrize("name", ["ApiWorkerFunction", "ApiDurableFunction"])
def test_an_api_runs_a_batch_within_its_requests(name: str):
    stack = new_stack()
    api = new_api(stack, durable=Duration.days(1), alarms=False, dashboard=False)
    bare_batch(stack).grant_run(api)
    told = BatchSettings.from_variables("Daily", deployed(template_of(stack), name))
    assert told.target_region == "us-east-1"
    assert (told.dead_letter_queue_url or "").startswith("<DailyDeadLetters")


def test_an_api_without_durable_actions_runs_small_batches():
    stack = new_stack()
    bare_batch(stack, handlers=None).grant_run(new_api(stack, alarms=False, dashboard=False))
    told = BatchSettings.from_variables("Daily", deployed(template_of(stack), "ApiWorkerFunction"))
    assert told.function is None


def test_a_function_is_no_api():
    stack = new_stack()
    with pytest.raises(ValueError, match="grant_run needs an AsyncRequestApi"):
        bare_batch(stack).grant_run(cast("Any", new_function(stack)))


def test_a_batch_that_runs_in_requests_alone_has_no_function():
    stack = new_stack()
    batch = new_batch(stack, handlers=None)
    template = template_of(stack)
    assert resources(template, FUNCTION) == {}
    assert list(resources(template, QUEUE)) != []
    assert len(resources(template, "AWS::CloudWatch::Dashboard")) == 1
    with pytest.raises(ValueError, match="has no handlers"):
        _ = batch.function
    with pytest.raises(ValueError, match="give it handlers to start it"):
        batch.grant_start(new_function(stack, "Office"))


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"schedule": DAILY}, "schedule given without handlers"),
        ({"execution_timeout": Duration.hours(2)}, "execution_timeout given without handlers"),
        ({"memory_size": 1024}, "memory_size given without handlers"),
    ],
)
def test_what_is_of_a_function_is_refused_without_one(settings: dict[str, Any], word: str):
    with pytest.raises(ValueError, match=word):
        bare_batch(new_stack(), handlers=None, **settings)


# --- the rest -------------------------------------------------------------------------------------


def test_what_was_not_asked_for_says_so():
    batch = bare_batch(new_stack())
    with pytest.raises(ValueError, match="has no schedule"):
        _ = batch.starter
    with pytest.raises(ValueError, match="has no schedule"):
        _ = batch.start_failures
    with pytest.raises(ValueError, match="alarms=False; leave it out"):
        _ = batch.alarms
    with pytest.raises(ValueError, match="dashboard=False; leave it out"):
        _ = batch.dashboard


def test_its_parts_can_be_reached():
    batch, template = full_batch(), full_batch_template()
    stack = Stack.of(batch)
    names = {
        stack.resolve(each)["Ref"]
        for each in (batch.function.function_name, batch.starter.function_name)
    }
    assert names <= resources(template, FUNCTION).keys()
    assert written(stack.resolve(batch.start_failures.queue_arn)).startswith("<DailyStartFailures")
    assert batch.alias.alias_name == "live"
    assert batch.runtime_layer is batch.runtime_layer


def test_two_in_a_stack_are_apart():
    stack = new_stack()
    bare_batch(stack, schedule=DAILY)
    bare_batch(stack, "Nightly", schedule=DAILY)
    assert len(resources(template_of(stack), ALIAS)) == 2


def test_code_of_ones_own_says_where_the_batch_is():
    with pytest.raises(ValueError, match=r"entry_point='handlers.batch:batch'"):
        bare_batch(new_stack(), handlers=lambda_.Code.from_asset(str(HANDLERS)))
