"""Bytes that clients upload and handlers read."""

from __future__ import annotations

import asyncio
import csv
import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime import AsyncApp, RequestContext, Upload, UploadNotFound
from cdk_streamer_runtime.contract import UPLOAD_BYTES, URL_SECONDS
from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import AwsError, Rejection
from cdk_streamer_runtime.keys import owner_key
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.platform import MemoryPlatform
from cdk_streamer_runtime.requests.uploads import PART_BYTES, Uploads
from cdk_streamer_runtime.testing import TestClient
from tests.runtime.api import ANN, BOB, EVE, ObservedApi
from tests.runtime.observed_aws import ObservedAws, refused_by
from tests.runtime.wire import faults


class Desk:
    """A bucket, and the uploads in it."""

    def __init__(self, most: int = 10_000) -> None:
        self.platform = MemoryPlatform()
        self.memory = MemoryAws(clock=self.platform.clock, buckets=["bucket"])
        self.aws = ObservedAws(self.memory)
        self.uploads = Uploads(
            self.aws,
            "bucket",
            clock=self.platform.clock,
            new_id=self.platform.new_id,
            most=most,
        )

    def put(self, data: bytes, kind: str = "text/csv") -> Upload:
        ticket = self.uploads.issue(ANN, len(data), kind)
        self.memory.objects.open("PUT", ticket["url"], data, ticket["headers"])
        return self.uploads.find("acme", "ann", ticket["upload_id"])


@pytest.fixture
def desk() -> Desk:
    return Desk()


def client_of(handler: Callable[..., Any], **app: Any) -> TestClient:
    registry = AsyncApp(**app)
    registry.action("job", mode="async")(handler)
    return TestClient(registry)


def asked(client: TestClient, **arguments: Any) -> dict[str, Any]:
    client.send({"action": "upload", "payload": arguments})
    assert faults(client.messages[-1]) == []
    return client.messages[-1]


# --- the address ----------------------------------------------------------------------------------


def test_an_upload_has_an_address_and_what_to_send(desk: Desk):
    ticket = desk.uploads.issue(ANN, 5, "text/csv")

    path = f"/bucket/uploads/{owner_key('acme', 'ann')}/{ticket['upload_id']}"
    assert ticket["url"].startswith(f"https://s3.memory{path}?")
    assert ticket["headers"] == {"Content-Type": "text/csv", "Content-Length": "5"}
    assert ticket["method"] == "PUT"
    assert ticket["expires_at"] == "2023-11-14T22:28:20.000Z"


def test_it_takes_no_more_bytes_than_were_announced(desk: Desk):
    ticket = desk.uploads.issue(ANN, 5, "text/csv")

    with pytest.raises(AwsError, match="403"):
        desk.memory.objects.open("PUT", ticket["url"], b"123456", ticket["headers"])


def test_it_takes_no_other_type(desk: Desk):
    ticket = desk.uploads.issue(ANN, 5, "text/csv")
    headers = {**ticket["headers"], "Content-Type": "text/html"}

    with pytest.raises(AwsError, match="403"):
        desk.memory.objects.open("PUT", ticket["url"], b"12345", headers)


def test_it_ends_after_a_quarter_of_an_hour(desk: Desk):
    ticket = desk.uploads.issue(ANN, 0, "text/csv")
    desk.platform.advance(URL_SECONDS * 1000)

    with pytest.raises(AwsError, match="403"):
        desk.memory.objects.open("PUT", ticket["url"], b"", ticket["headers"])


def test_more_than_the_app_allows_is_refused(desk: Desk):
    with pytest.raises(Rejection, match="10001 bytes, but 10000 is the most"):
        desk.uploads.issue(ANN, 10_001, "text/csv")


# --- reading --------------------------------------------------------------------------------------


def test_an_upload_has_size_and_type(desk: Desk):
    upload = desk.put(b"a,b\n1,2\n")

    assert (upload.size, upload.type, upload.read()) == (8, "text/csv", b"a,b\n1,2\n")


def test_an_empty_upload_is_one(desk: Desk):
    upload = desk.put(b"")

    assert (upload.size, upload.read()) == (0, b"")


def test_to_know_an_upload_one_byte_is_read(desk: Desk):
    desk.put(b"a" * 5_000)

    assert desk.aws.calls == ["GET object"]


def test_a_file_can_be_read_line_by_line(desk: Desk):
    upload = desk.put(b"a,b\n1,2\n3,4\n")

    with upload.open() as file:
        rows = list(csv.DictReader(io.TextIOWrapper(file, "utf-8")))
    assert rows == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


def test_an_archive_can_be_opened(desk: Desk):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", "hello")
    upload = desk.put(packed.getvalue(), "application/zip")

    with upload.open() as file, zipfile.ZipFile(file) as archive:
        assert archive.read("a.txt") == b"hello"


def test_a_large_upload_is_read_in_parts():
    desk = Desk(most=3 * PART_BYTES)
    data = b"0123456789" * (2 * PART_BYTES // 10) + b"end"
    upload = desk.put(data)
    before = desk.aws.counts["GET object"]

    with upload.open() as file:
        assert file.read(10) == b"0123456789"
        assert desk.aws.counts["GET object"] - before == 1
        file.seek(-3, io.SEEK_END)
        assert file.read() == b"end"
    assert upload.read() == data


@given(
    data=st.binary(max_size=300),
    moves=st.lists(
        st.tuples(st.integers(0, 320), st.integers(-1, 100)) | st.integers(0, 50), max_size=12
    ),
)
def test_a_file_is_like_any_other(data: bytes, moves: list[tuple[int, int] | int]):
    ours, theirs = Desk().put(data).open(), io.BytesIO(data)
    for move in moves:
        if isinstance(move, tuple):
            assert ours.seek(move[0]) == theirs.seek(move[0])
            assert ours.read(move[1]) == theirs.read(move[1])
        else:
            assert ours.read(move) == theirs.read(move)
        assert ours.tell() == theirs.tell()


def test_a_place_before_the_beginning_is_refused(desk: Desk):
    with desk.put(b"abc").open() as file, pytest.raises(OSError, match="no byte -1"):
        file.seek(-4, io.SEEK_END)


def test_an_upload_that_is_replaced_meanwhile_is_not_mixed(desk: Desk):
    upload = desk.put(b"old")
    path = desk.memory.objects.paths()[0]
    desk.memory.rest("s3", "PUT", path, body=b"new")

    with pytest.raises(AwsError, match="PreconditionFailed"):
        upload.read()


def test_an_upload_can_be_handed_on(desk: Desk):
    url = desk.put(b"abc").url(seconds=60)

    assert desk.memory.objects.open("GET", url) == b"abc"


# --- whose it is ----------------------------------------------------------------------------------


@pytest.mark.parametrize("stranger", [BOB, EVE])
def test_the_upload_of_somebody_else_is_none(desk: Desk, stranger: Any):
    upload = desk.put(b"abc")

    with pytest.raises(UploadNotFound):
        desk.uploads.find(stranger.tenant, stranger.owner, upload.id)


@pytest.mark.parametrize("name", ["", "..", "a/b", "a b", "ä", "a" * 65, 5, None, ["a"]])
def test_what_cannot_be_an_id_is_never_asked_for(desk: Desk, name: object):
    with pytest.raises(UploadNotFound):
        desk.uploads.find("acme", "ann", name)
    assert desk.aws.calls == []


@pytest.mark.parametrize(
    "refusal",
    [
        aws_error("NoSuchKey", "", 404, "GET s3"),
        aws_error("AccessDenied", "", 403, "GET s3"),  # without the right to list, too
    ],
)
def test_what_the_bucket_does_not_have_is_none(desk: Desk, refusal: AwsError):
    desk.aws.on("GET object", refused_by(refusal))

    with pytest.raises(UploadNotFound):
        desk.uploads.find("acme", "ann", "a")


def test_a_bucket_out_of_order_is_another_matter(desk: Desk):
    desk.aws.on("GET object", refused_by(aws_error("InternalError", "", 500, "GET s3")))

    with pytest.raises(AwsError, match="InternalError"):
        desk.uploads.find("acme", "ann", "a")


# --- from client to handler -----------------------------------------------------------------------


def test_a_handler_reads_what_its_client_has_uploaded():
    def count(payload: str, context: RequestContext) -> dict[str, Any]:
        upload = context.upload(payload)
        return {"bytes": len(upload.read()), "type": upload.type}

    client = client_of(count)
    name = client.upload(b"a,b\n1,2\n", "text/csv")

    assert client.request("job", name)[-1]["result"] == {"bytes": 8, "type": "text/csv"}


def test_an_async_handler_reads_without_stopping_others():
    async def count(payload: str, context: RequestContext) -> int:
        upload = context.upload(payload)
        return len(await asyncio.to_thread(upload.read))

    client = client_of(count)

    assert client.request("job", client.upload(b"abc"))[-1]["result"] == 3


def test_a_sync_action_reads_uploads_too():
    app = AsyncApp()

    @app.action("count")
    def count(payload: str, context: RequestContext) -> int:
        return context.upload(payload).size

    client = TestClient(app)

    assert client.request("count", client.upload(b"abc"))[-1]["data"] == 3


def test_an_unknown_upload_is_a_fault_of_the_client():
    def size(payload: str, context: RequestContext) -> int:
        return context.upload(payload).size

    error = client_of(size).request("job", "nothing")[-1]["error"]

    assert (error["code"], error["message"]) == (
        "VALIDATION_ERROR",
        "there is no upload 'nothing'",
    )


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"size": 5},
        {"type": "text/csv"},
        {"size": -1, "type": "text/csv"},
        {"size": "5", "type": "text/csv"},
        {"size": 5, "type": ""},
        {"size": 5, "type": "csv"},
        {"size": 5, "type": "text/csv\r\nX-Evil: 1"},
        {"size": 5, "type": "text/" + "a" * 260},
        {"size": 5, "type": ["text/csv"]},
    ],
)
def test_what_is_no_upload_is_refused(arguments: dict[str, Any]):
    message = asked(client_of(lambda: None), **arguments)

    assert message["error"]["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize("kind", ["text/csv", "text/plain; charset=utf-8", "image/svg+xml"])
def test_a_media_type_may_have_parameters(kind: str):
    message = asked(client_of(lambda: None), size=5, type=kind)

    assert message["data"]["headers"]["Content-Type"] == kind


def test_the_app_says_how_large_uploads_may_be():
    message = asked(client_of(lambda: None, max_upload_bytes=10), size=11, type="text/csv")

    assert message["error"]["code"] == "PAYLOAD_TOO_LARGE"


@pytest.mark.parametrize("most", [-1, UPLOAD_BYTES + 1])
def test_a_limit_beyond_that_of_the_bucket_is_refused(most: int):
    with pytest.raises(ValueError, match="max_upload_bytes must be between 0 and 5368709120"):
        AsyncApp(max_upload_bytes=most)


def test_an_api_without_a_bucket_takes_no_uploads():
    app = AsyncApp()

    @app.action("job", mode="async")
    def job(context: RequestContext) -> None:
        context.upload("a")

    api = ObservedApi(app, bucket=None)
    ann = api.connect(ANN)
    frame = {"action": "upload", "payload": {"size": 5, "type": "text/csv"}}

    assert api.ask(ann, frame)[0]["error"]["code"] == "INVALID_ACTION"
    api.hear(ann, {"action": "job"})
    api.settle()
    assert api.messages(ann)[-1]["error"]["code"] == "PROCESSING_FAILED"


def test_over_http_an_upload_is_created():
    client = client_of(lambda: None)
    answer = client.http("POST", "/uploads", body={"size": 3, "type": "text/csv"})
    ticket: Any = answer.document
    client.api.aws.objects.open("PUT", ticket["url"], b"abc", ticket["headers"])

    assert answer.status == 201
    assert len(client.api.aws.objects.paths()) == 1
