"""Sink for S3."""

from __future__ import annotations

import pytest

from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.streams.sinks.objects import (
    copy_object,
    delete_object,
    get_object,
    put_object,
)
from tests.runtime.streams.sinks.sending import unit

PUT = put_object(bucket="files")
GET = get_object(bucket="files")


def test_an_object_is_stored_and_read(surroundings):
    request = {"Key": "a b/ü?.json", "Body": {"a": 1}, "Metadata": {"id": "1"}}
    surroundings.send(PUT, unit(put_object_request=request))
    (passed,) = surroundings.send(GET, unit(get_object_request={"Key": "a b/ü?.json"}))
    assert passed.get_object_response == {"Key": "a b/ü?.json", "Body": b'{"a":1}'}
    assert surroundings.aws.read_object("/files/a%20b/%C3%BC%3F.json", 0, 1).type == (
        "application/json"
    )


@pytest.mark.parametrize("body", [b"\x00", "text"])
def test_bytes_and_texts_are_stored_as_they_are(surroundings, body):
    surroundings.send(PUT, unit(put_object_request={"Key": "k", "Body": body}))
    stored = surroundings.aws.rest("s3", "GET", "/files/k")
    assert stored == (body if isinstance(body, bytes) else body.encode())


def test_an_object_that_is_not_there_has_no_body(surroundings):
    (passed,) = surroundings.send(GET, unit(get_object_request={"Key": "none"}))
    assert passed.get_object_response == {"Key": "none", "Body": None}


@pytest.mark.parametrize(
    ("step", "request_"),
    [
        (PUT, {"Key": "", "Body": "x"}),
        (GET, {"Key": ""}),
        (delete_object(bucket="files"), {"Key": ""}),
        (copy_object(bucket="files"), {"Key": "k", "SourceKey": ""}),
        (copy_object(bucket="files"), {"Key": "", "SourceKey": "k"}),
    ],
)
def test_an_empty_key_is_refused_for_it_would_mean_the_bucket(surroundings, step, request_):
    with pytest.raises(ValueError, match="empty 'Key'"):
        surroundings.send(step, unit(**{f"{step.name}_request": request_}))


def test_reading_may_list_the_bucket_so_that_what_is_not_there_is_not_forbidden():
    (use,) = GET.uses
    assert use.actions == ("s3:GetObject", "s3:ListBucket")


def test_a_bucket_that_is_not_there_is_a_failure(surroundings):
    surroundings.aws.objects.buckets.clear()
    with pytest.raises(AwsError, match="NoSuchBucket"):
        surroundings.send(GET, unit(get_object_request={"Key": "none"}))


def test_an_object_is_removed_whether_it_is_there_or_not(surroundings):
    surroundings.send(PUT, unit(put_object_request={"Key": "k", "Body": "x"}))
    removal = unit(delete_object_request={"Key": "k"})
    surroundings.send(delete_object(bucket="files"), removal, removal)
    assert surroundings.aws.objects.paths() == []


def test_an_object_is_copied(surroundings):
    surroundings.send(PUT, unit(put_object_request={"Key": "a b", "Body": "x"}))
    request = {"Key": "copy", "SourceKey": "a b"}
    step = copy_object(bucket="claims", source="files")
    surroundings.send(step, unit(copy_object_request=request))
    assert surroundings.aws.rest("s3", "GET", "/claims/copy") == b"x"


def test_a_copy_that_breaks_after_it_began_is_a_failure(surroundings):
    surroundings.aws.rest = lambda *_, **__: b"<Error><Code>InternalError</Code></Error>"
    request = {"Key": "copy", "SourceKey": "k"}
    with pytest.raises(AwsError) as failure:
        surroundings.send(copy_object(bucket="files"), unit(copy_object_request=request))
    assert failure.value.status == 500


def test_a_copy_reads_one_bucket_and_writes_the_other():
    uses = copy_object(bucket="claims", source="files").uses
    assert [(use.name, use.actions) for use in uses] == [
        ("files", ("s3:GetObject", "s3:ListBucket")),
        ("claims", ("s3:PutObject",)),
    ]
