"""Objects and signed addresses in memory."""

from __future__ import annotations

import pytest

from cdk_streamer_runtime.errors import AccessDenied, AwsError
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.platform import MemoryPlatform

PATH = "/bucket/a%20b"
HEADERS = {"Content-Type": "text/csv", "Content-Length": "3"}


@pytest.fixture
def platform() -> MemoryPlatform:
    return MemoryPlatform()


@pytest.fixture
def aws(platform: MemoryPlatform) -> MemoryAws:
    return MemoryAws(clock=platform.clock, buckets=["bucket"])


def test_what_was_put_is_there(aws: MemoryAws):
    aws.rest("s3", "PUT", PATH, body=b"abc", headers={"content-type": "text/csv"})

    part = aws.read_object(PATH, 1, 10)
    assert (part.data, part.size, part.type) == (b"bc", 3, "text/csv")
    assert aws.rest("s3", "GET", PATH) == b"abc"
    assert aws.objects.paths() == ["/bucket/a b"]


def test_what_was_deleted_is_gone(aws: MemoryAws):
    aws.rest("s3", "PUT", PATH, body=b"abc")
    aws.rest("s3", "DELETE", PATH)

    with pytest.raises(AwsError, match="NoSuchKey"):
        aws.rest("s3", "GET", PATH)


def test_a_bucket_that_was_not_declared_is_none(aws: MemoryAws):
    with pytest.raises(AwsError, match="NoSuchBucket"):
        aws.rest("s3", "PUT", "/other/a", body=b"")


def test_an_empty_object_can_be_read(aws: MemoryAws):
    aws.rest("s3", "PUT", PATH)

    assert aws.read_object(PATH, 0, 0).data == b""


def test_nothing_can_be_read_beyond_the_end(aws: MemoryAws):
    aws.rest("s3", "PUT", PATH, body=b"abc")

    with pytest.raises(AwsError, match="InvalidRange"):
        aws.read_object(PATH, 3, 5)


def test_an_object_that_was_replaced_is_not_the_same(aws: MemoryAws):
    aws.rest("s3", "PUT", PATH, body=b"abc")
    tag = aws.read_object(PATH, 0, 0).tag
    aws.rest("s3", "PUT", PATH, body=b"abd")

    with pytest.raises(AwsError, match="PreconditionFailed"):
        aws.read_object(PATH, 0, 0, tag=tag)


def test_a_signed_address_takes_what_it_was_signed_for(aws: MemoryAws):
    url = aws.presign("PUT", PATH, seconds=60, headers=HEADERS)
    aws.objects.open("PUT", url, b"abc", HEADERS)

    assert aws.objects.open("GET", aws.presign("GET", PATH, seconds=60)) == b"abc"


@pytest.mark.parametrize(
    ("method", "body", "headers"),
    [
        ("GET", b"", HEADERS),
        ("PUT", b"abcd", HEADERS),
        ("PUT", b"abc", {"Content-Type": "text/html"}),
        ("PUT", b"abc", {}),
    ],
    ids=["another method", "another length", "another type", "no type"],
)
def test_a_signed_address_takes_nothing_else(
    aws: MemoryAws, method: str, body: bytes, headers: dict[str, str]
):
    url = aws.presign("PUT", PATH, seconds=60, headers=HEADERS)

    with pytest.raises(AwsError, match="SignatureDoesNotMatch"):
        aws.objects.open(method, url, body, headers)


def test_a_signed_address_is_good_for_no_other_object(aws: MemoryAws):
    url = aws.presign("GET", PATH, seconds=60)

    with pytest.raises(AwsError, match="SignatureDoesNotMatch"):
        aws.objects.open("GET", url.replace("a%20b", "c"))


def test_a_signed_address_ends(aws: MemoryAws, platform: MemoryPlatform):
    url = aws.presign("GET", PATH, seconds=60)
    platform.advance(60_000)

    with pytest.raises(AccessDenied):
        aws.objects.open("GET", url)


@pytest.mark.parametrize("seconds", [0, 604_801])
def test_an_address_is_good_for_a_week_at_most(aws: MemoryAws, seconds: int):
    with pytest.raises(ValueError, match="604,800"):
        aws.presign("GET", PATH, seconds=seconds)
