"""What the constructs need of streams and queues, as it is done here."""

from __future__ import annotations

import base64
import json
import time
import uuid

import pytest

PATIENCE = 30.0


@pytest.fixture
def job():
    return f"job-{uuid.uuid4().hex[:8]}"


def put(echo, key, **attributes):
    item = {"pk": {"S": key}, **attributes}
    echo.client("dynamodb").put_item(TableName=echo.outputs["TableName"], Item=item)


def done(echo, job):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = echo.client("dynamodb").get_item(
            TableName=echo.outputs["TableName"], Key={"pk": {"S": f"done-{job}"}}
        )
        if "Item" in found:
            return found["Item"]
        time.sleep(0.02)
    raise TimeoutError(f"{job} was not done")


def test_an_inserted_job_is_dispatched_and_done(echo, job):
    put(echo, job)

    assert done(echo, job)["receives"] == {"N": "1"}


def test_a_layer_is_on_the_path_of_its_functions(echo, job):
    put(echo, job)

    assert done(echo, job)["greeting"] == {"S": "hello from the layer"}


def test_a_function_has_a_trace_of_its_own(echo, job):
    put(echo, job)

    assert done(echo, job)["trace"]["S"].startswith("Root=1-")


def test_a_filter_keeps_other_records_from_the_function(echo, job):
    put(echo, f"other-{job}")
    put(echo, job)
    put(echo, job, changed={"BOOL": True})  # MODIFY
    done(echo, job)
    last = f"{job}-last"  # the stream is in order, so what came before was decided
    put(echo, last)
    done(echo, last)

    worked = [line for line in echo.logs("Worker") if job in line]
    assert worked == [f"working on {job}", f"working on {last}"]


def test_a_poison_record_alone_goes_to_the_destination(echo, job):
    poison = f"{job}-poison"
    put(echo, poison)
    put(echo, job)

    assert done(echo, job)["receives"] == {"N": "1"}
    about = given_up(echo)
    assert about["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert about["requestContext"]["functionArn"].endswith(echo.function_name("Dispatcher"))
    assert about["requestContext"]["approximateInvokeCount"] >= 2
    assert about["responseContext"]["functionError"] == "Unhandled"
    assert about["DDBStreamBatchInfo"]["batchSize"] == 1
    assert [keys["pk"]["S"] for keys in keys_of(echo, about["DDBStreamBatchInfo"])] == [poison]


def given_up(echo):
    """Give what the destination of the table's stream was told."""
    (message,) = echo.client("sqs").receive_message(
        QueueUrl=echo.outputs["LostUrl"], WaitTimeSeconds=20
    )["Messages"]
    return json.loads(message["Body"])


def keys_of(echo, info):
    """Read the records of a failed batch, as an operator would."""
    client = echo.client("dynamodbstreams")
    iterator = client.get_shard_iterator(
        StreamArn=info["streamArn"],
        ShardId=info["shardId"],
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=info["startSequenceNumber"],
    )["ShardIterator"]
    records = client.get_records(ShardIterator=iterator, Limit=info["batchSize"])["Records"]
    return [record["dynamodb"]["Keys"] for record in records]


def test_a_data_stream_is_filtered_ordered_and_given_up_one_by_one(echo, job):
    send(echo, job, "other-made", 0)
    for number in range(1, 5):
        send(echo, job, "thing-made", number, poison=number == 3)
    drained(echo, job, 4)
    split(echo)
    send(echo, job, "thing-made", 5)

    # A record may come again, but none overtakes another one of its key.
    assert list(dict.fromkeys(drained(echo, job, 5))) == [1, 2, 4, 5]
    about = stored(echo)
    assert about["requestContext"]["approximateInvokeCount"] >= 2
    assert about["KinesisBatchInfo"]["batchSize"] == 1
    (record,) = json.loads(about["payload"])["Records"]
    assert json.loads(base64.b64decode(record["kinesis"]["data"]))["number"] == 3


def send(echo, job, kind, number, *, poison=False):
    data = {"type": kind, "job": job, "number": number, "poison": poison}
    echo.client("kinesis").put_record(
        StreamName=echo.outputs["StreamName"], PartitionKey=job, Data=json.dumps(data)
    )


def drained(echo, job, last):
    """Give the numbers that the function told, up to the last one."""
    echo.wait_for_log("Drain", f"{job} {last}", timeout=PATIENCE)
    return [int(line.split()[1]) for line in echo.logs("Drain") if line.startswith(job)]


def split(echo):
    """Split the stream's only shard."""
    client, name = echo.client("kinesis"), echo.outputs["StreamName"]
    (shard,) = client.list_shards(StreamName=name)["Shards"]
    client.split_shard(
        StreamName=name, ShardToSplit=shard["ShardId"], NewStartingHashKey=str(2**127)
    )


def stored(echo):
    """Give the only object in the bucket of what was given up."""
    client, bucket = echo.client("s3"), echo.outputs["GivenUpName"]
    (entry,) = client.list_objects_v2(Bucket=bucket)["Contents"]
    return json.loads(client.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read())


def test_a_message_that_was_reported_failed_comes_again_when_it_was_put_off_to(echo, job):
    put(echo, job)
    looks = json.dumps({"job": job, "look": 3})

    echo.wait_for_log("Watcher", looks, timeout=PATIENCE)

    assert [line for line in echo.logs("Watcher") if job in line] == [
        json.dumps({"job": job, "look": look}) for look in (1, 2, 3)
    ]
