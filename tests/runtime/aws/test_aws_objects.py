"""Objects in S3: where they are, how they are read, and who else may."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from cdk_streamer_runtime.aws import LeanClient, Part
from cdk_streamer_runtime.contract import AwsEnvironment
from cdk_streamer_runtime.errors import AccessDenied, AwsError
from tests.runtime.aws.service import Service, raw

KEYS = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret"}
NOT_FOUND = b"<Error><Code>NoSuchKey</Code><Message>The key does not exist.</Message></Error>"


@pytest.fixture
def client_in(make_client: Callable[..., LeanClient]) -> Callable[..., LeanClient]:
    def make(**variables: str) -> LeanClient:
        environment = AwsEnvironment.from_variables({**KEYS, **variables})
        return make_client(lambda: environment)

    return make


@pytest.mark.parametrize(
    ("region", "bucket", "address"),
    [
        ("eu-west-1", "results", "https://results.s3.eu-west-1.amazonaws.com/a/b%20c"),
        ("cn-north-1", "results", "https://results.s3.cn-north-1.amazonaws.com.cn/a/b%20c"),
        ("eu-west-1", "my.results", "https://s3.eu-west-1.amazonaws.com/my.results/a/b%20c"),
    ],
)
def test_a_bucket_of_aws_is_a_host_of_its_own_where_it_can_be(
    client_in: Callable[..., LeanClient], *, region: str, bucket: str, address: str
):
    url = client_in(AWS_REGION=region).presign("GET", f"/{bucket}/a/b%20c", seconds=60)

    assert url.partition("?")[0] == address


def test_a_bucket_elsewhere_is_the_beginning_of_the_path(
    client_in: Callable[..., LeanClient],
):
    client = client_in(AWS_REGION="eu-west-1", AWS_ENDPOINT_URL="http://127.0.0.1:4566/")

    url = client.presign("GET", "/results/a", seconds=60)

    assert url.startswith("http://127.0.0.1:4566/results/a?X-Amz-Algorithm=")


def test_an_address_says_how_long_it_is_good_and_what_must_be_sent(client: LeanClient):
    headers = {"Content-Type": "text/csv", "Content-Length": "5"}

    url = client.presign("PUT", "/results/a", seconds=900, headers=headers)

    terms = parse_qs(urlsplit(url).query)
    assert terms["X-Amz-Date"] == ["20251121T093000Z"]
    assert terms["X-Amz-Expires"] == ["900"]
    assert terms["X-Amz-SignedHeaders"] == ["content-length;content-type;host"]
    assert terms["X-Amz-Security-Token"] == ["token-of-the-session"]


def test_an_object_is_put_below_the_endpoint(client: LeanClient, service: Service):
    service.answers(raw(200, b""))

    client.rest("s3", "PUT", "/results/a", body=b"[1]", headers={"Content-Type": "text/plain"})

    (request,) = service.requests
    assert (request.method, request.target, request.body) == ("PUT", "/results/a", b"[1]")
    assert request.headers["content-type"] == "text/plain"
    assert "x-amz-content-sha256" in request.headers


def test_a_part_comes_with_the_size_and_type_of_the_whole(client: LeanClient, service: Service):
    fields = {"content_range": "bytes 2-3/10", "content_type": "text/csv", "etag": '"e"'}
    service.answers(raw(206, b"cd", **fields))

    part = client.read_object("/results/a", 2, 3, tag='"e"')

    assert part == Part(data=b"cd", size=10, type="text/csv", tag='"e"')
    (request,) = service.requests
    assert (request.headers["range"], request.headers["if-match"]) == ("bytes=2-3", '"e"')


def test_a_part_comes_with_what_the_author_of_the_object_has_noted(
    client: LeanClient, service: Service
):
    service.answers(raw(206, b"c", content_range="bytes 0-0/10", x_amz_meta_timestamp="17"))
    assert client.read_object("/results/a", 0, 0).metadata == {"timestamp": "17"}


def test_a_service_without_ranges_gives_the_same(client: LeanClient, service: Service):
    service.answers(raw(200, b"abcdef"))

    part = client.read_object("/results/a", 2, 3)

    assert (part.data, part.size, part.type) == (b"cd", 6, "application/octet-stream")


def test_an_empty_object_is_read_without_a_range(client: LeanClient, service: Service):
    service.answers(raw(416, b"<Code>InvalidRange</Code>"), raw(200, b"", content_type="text/csv"))

    assert client.read_object("/results/a", 0, 0).size == 0
    assert "range" not in service.requests[1].headers


def test_beyond_the_end_there_is_nothing(client: LeanClient, service: Service):
    service.answers(raw(416, b"<Code>InvalidRange</Code>"))

    with pytest.raises(AwsError, match="InvalidRange"):
        client.read_object("/results/a", 10, 20)


def test_what_is_not_there_is_named_by_the_code(client: LeanClient, service: Service):
    service.answers(raw(404, NOT_FOUND))

    with pytest.raises(AwsError) as caught:
        client.read_object("/results/a", 0, 0)
    assert (caught.value.code, caught.value.status) == ("NoSuchKey", 404)


def test_a_refusal_is_one(client: LeanClient, service: Service):
    service.answers(raw(403, b"<Error><Code>AccessDenied</Code></Error>"))

    with pytest.raises(AccessDenied):
        client.read_object("/results/a", 0, 0)
