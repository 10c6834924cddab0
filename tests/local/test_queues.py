"""What sinks need of queues, mappings and regions, as it is done here and with whose rights."""

from __future__ import annotations

import json
import time
import uuid

import pytest

PATIENCE = 30.0


@pytest.fixture
def id():
    return uuid.uuid4().hex[:8]


def ask(echo, service, call, *, who="Operator", region=None, **parameters):
    """Call a service with a function's role."""
    event = {"service": service, "call": call, "parameters": parameters, "region": region}
    answer = echo.client("lambda").invoke(
        FunctionName=echo.function_name(who), Payload=json.dumps(event)
    )
    assert "FunctionError" not in answer
    return json.loads(answer["Payload"].read())


def until(look):
    """Give what a look finds, as soon as it finds something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise TimeoutError("it did not happen")


def tell(echo, group, number, **message):
    echo.client("sqs").send_message(
        QueueUrl=echo.outputs["LineUrl"],
        MessageBody=json.dumps({"number": number, **message}),
        MessageGroupId=group,
        MessageDeduplicationId=uuid.uuid4().hex,
    )


def told(echo, group):
    """Give the numbers of a group as often as they came."""
    lines = [json.loads(line) for line in echo.logs("InLine") if f'"group": "{group}"' in line]
    return [(line["number"], line["times"]) for line in lines]


# --- mappings


def set_enabled(echo, enabled, *, who="Operator"):
    return ask(echo, "lambda", "update_event_source_mapping", who=who,
               UUID=echo.outputs["MappingId"], Enabled=enabled)  # fmt: skip


def test_a_function_with_the_right_pauses_a_mapping_and_lets_it_go_on(echo, id):
    assert set_enabled(echo, False)["State"] == "Disabled"
    tell(echo, id, 1)
    # Another mapping gets its message, so this one's turn was there as well.
    echo.client("sqs").send_message(
        QueueUrl=echo.physical_id("Echo/Watch"), MessageBody=json.dumps({"job": id})
    )
    echo.wait_for_log("Watcher", id, timeout=PATIENCE)
    assert told(echo, id) == []

    assert set_enabled(echo, True)["State"] == "Enabled"
    until(lambda: told(echo, id))
    assert told(echo, id) == [(1, 1)]


@pytest.mark.parametrize(
    ("service", "call", "parameters"),
    [
        ("lambda", "get_event_source_mapping", {}),
        ("lambda", "update_event_source_mapping", {"Enabled": True}),
        ("lambda", "delete_event_source_mapping", {}),
    ],
)
def test_who_has_no_right_on_the_mapping_is_refused(echo, service, call, parameters):
    refused = ask(echo, service, call, who="Stranger", UUID=echo.outputs["MappingId"], **parameters)

    assert refused == {"refused": "AccessDeniedException"}


def test_the_right_to_change_a_mapping_is_none_to_delete_it(echo):
    mapping = echo.outputs["MappingId"]

    assert ask(echo, "lambda", "get_event_source_mapping", UUID=mapping)["UUID"] == mapping
    refused = ask(echo, "lambda", "delete_event_source_mapping", UUID=mapping)
    assert refused == {"refused": "AccessDeniedException"}


def test_a_function_waits_for_another_that_it_invokes(echo, id):
    record = {
        "messageId": id,
        "body": json.dumps({"number": 1, "refused": 1}),
        "attributes": {"MessageGroupId": id, "ApproximateReceiveCount": "1"},
    }
    asked = {
        "FunctionName": echo.function_name("InLine"),
        "Payload": json.dumps({"Records": [record]}),
    }

    answer = ask(echo, "lambda", "invoke", **asked)

    assert answer["Payload"] == {"batchItemFailures": [{"itemIdentifier": id}]}
    assert ask(echo, "lambda", "invoke", who="Stranger", **asked) == {
        "refused": "AccessDeniedException"
    }


# --- batches


def test_a_message_that_fails_holds_up_its_group_and_no_other(echo, id):
    first, second = f"{id}-a", f"{id}-b"
    tell(echo, first, 1, refused=2)
    tell(echo, first, 2)
    tell(echo, second, 1)

    until(lambda: 2 in [number for number, _ in told(echo, first)])
    assert told(echo, first)[:3] == [(1, 1), (1, 2), (1, 3)]
    assert told(echo, second) == [(1, 1)]


def test_groups_are_worked_on_side_by_side(echo, id, tmp_path):
    slow, quick = f"{id}-slow", f"{id}-quick"
    release = tmp_path / "release"
    tell(echo, slow, 1, until=str(release))
    until(lambda: told(echo, slow))
    tell(echo, slow, 2)
    tell(echo, quick, 1)

    until(lambda: told(echo, quick))
    seen = told(echo, slow)
    release.touch()
    until(lambda: 2 in [number for number, _ in told(echo, slow)])
    assert {number for number, _ in seen} == {1}


def test_a_response_that_names_an_unknown_message_acknowledges_none(echo, id):
    tell(echo, id, 1, wrong=1)

    until(lambda: len(told(echo, id)) == 2)
    assert told(echo, id) == [(1, 1), (1, 2)]


# --- redrive


@pytest.fixture
def dead_letters(echo, id):
    """Make a queue with a dead-letter queue, in which messages are."""
    sqs = echo.client("sqs")
    dead = sqs.create_queue(QueueName=f"{id}-dead")["QueueUrl"]
    policy = {"deadLetterTargetArn": arn_of(echo, dead), "maxReceiveCount": 1}
    live = sqs.create_queue(
        QueueName=f"{id}-live", Attributes={"RedrivePolicy": json.dumps(policy)}
    )["QueueUrl"]
    for number in range(5):
        attributes = {"number": {"DataType": "String", "StringValue": str(number)}}
        sqs.send_message(QueueUrl=live, MessageBody=id, MessageAttributes=attributes)
    receive(echo, live, VisibilityTimeout=0)
    receive(echo, live)  # moves them
    yield live, dead
    for url in (live, dead):
        sqs.delete_queue(QueueUrl=url)


def receive(echo, url, **how):
    asked = {"MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"], "AttributeNames": ["All"]}
    return echo.client("sqs").receive_message(QueueUrl=url, **asked, **how).get("Messages", [])


def arn_of(echo, url):
    told = echo.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return told["Attributes"]["QueueArn"]


def task(echo, source, **expected):
    """Give the latest task of a source, once it is as expected."""

    def look():
        (found,) = echo.client("sqs").list_message_move_tasks(SourceArn=source)["Results"]
        return found if found.items() >= expected.items() else None

    return until(look)


def test_dead_letters_go_back_to_where_they_came_from_as_new_messages(echo, dead_letters):
    live, dead = dead_letters
    before = {each["MessageId"] for each in receive(echo, dead, VisibilityTimeout=0)}

    echo.client("sqs").start_message_move_task(SourceArn=arn_of(echo, dead))

    told = task(echo, arn_of(echo, dead), Status="COMPLETED", ApproximateNumberOfMessagesMoved=5)
    assert told["ApproximateNumberOfMessagesToMove"] == 5
    back = receive(echo, live)
    assert len(back) == 5
    assert not before & {each["MessageId"] for each in back}
    assert {each["Attributes"]["ApproximateReceiveCount"] for each in back} == {"1"}
    numbers = [each["MessageAttributes"]["number"]["StringValue"] for each in back]
    assert numbers == ["0", "1", "2", "3", "4"]


def test_messages_move_at_the_rate_that_was_asked_for_until_the_task_is_cancelled(
    echo, dead_letters
):
    live, dead = dead_letters
    source = arn_of(echo, dead)
    sqs = echo.client("sqs")
    handle = sqs.start_message_move_task(
        SourceArn=source, DestinationArn=arn_of(echo, live), MaxNumberOfMessagesPerSecond=1
    )["TaskHandle"]
    assert task(echo, source, Status="RUNNING")["TaskHandle"] == handle

    with pytest.raises(sqs.exceptions.ClientError, match="already a task running"):
        sqs.start_message_move_task(SourceArn=source)
    moved = sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"]

    assert moved < 5
    assert "TaskHandle" not in task(echo, source, Status="CANCELLED")
    assert len(receive(echo, dead)) == 5 - moved


def test_what_cannot_be_redriven_is_refused_as_sqs_refuses_it(echo, dead_letters):
    live, dead = (arn_of(echo, url) for url in dead_letters)
    sqs = echo.client("sqs")

    def code(call, **parameters):
        with pytest.raises(sqs.exceptions.ClientError) as refused:
            getattr(sqs, call)(**parameters)
        return refused.value.response["Error"]["Code"]

    assert code("start_message_move_task", SourceArn=live) == "InvalidParameterValue"
    assert code("start_message_move_task", SourceArn=f"{dead}-not") == "ResourceNotFoundException"
    assert (
        code("start_message_move_task", SourceArn=dead, DestinationArn=f"{dead}-not")
        == "ResourceNotFoundException"
    )
    fifo = arn_of(echo, echo.outputs["LineUrl"])
    for wrong in (
        {"DestinationArn": fifo},
        {"DestinationArn": dead},
        {"MaxNumberOfMessagesPerSecond": 501},
    ):
        assert code("start_message_move_task", SourceArn=dead, **wrong) == "InvalidParameterValue"
    assert code("cancel_message_move_task", TaskHandle="nonsense") == "InvalidParameterValue"


def test_a_redrive_needs_its_rights_on_both_queues(echo):
    dead = arn_of(echo, echo.outputs["DeadUrl"])
    firings = arn_of(echo, echo.physical_id("Echo/Firings"))
    lost = arn_of(echo, echo.outputs["LostUrl"])
    start = {"service": "sqs", "call": "start_message_move_task", "SourceArn": dead}

    assert ask(echo, **start, who="Stranger") == {"refused": "AccessDenied"}
    assert ask(echo, **start, DestinationArn=lost) == {"refused": "AccessDenied"}
    assert "TaskHandle" in ask(echo, **start, DestinationArn=firings)
    listed = {"service": "sqs", "call": "list_message_move_tasks", "SourceArn": dead}
    assert until(lambda: ask(echo, **listed)["Results"][0]["Status"] == "COMPLETED")
    assert ask(echo, **listed, who="Stranger") == {"refused": "AccessDenied"}


# --- regions


def test_a_queue_of_another_region_is_reached_by_its_url_and_the_regions_name(echo, id):
    url = "https://sqs.eu-west-1.amazonaws.com/000000000000/far-away"

    sent = ask(echo, "sqs", "send_message", region="eu-west-1", QueueUrl=url, MessageBody=id)

    far = echo.client("sqs", region="eu-west-1")
    (message,) = far.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    assert (message["MessageId"], message["Body"]) == (sent["MessageId"], id)


def test_the_right_to_send_is_asked_for_in_that_region(echo, id):
    url = "https://sqs.eu-west-1.amazonaws.com/000000000000/far-away"
    send = {"service": "sqs", "call": "send_message", "QueueUrl": url, "MessageBody": id}

    assert "refused" in ask(echo, **send, region="eu-west-1", who="Stranger")
    assert "refused" in ask(echo, **send, region="us-east-1")
