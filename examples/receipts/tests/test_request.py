"""A request as its client sees it: the API, the batch, the readers and the sink, in memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from decimal import Decimal

import pytest
from handlers import (
    images,  # pyright: ignore[reportAttributeAccessIssue] - of this example
    reader,  # pyright: ignore[reportAttributeAccessIssue] - the same
    sink,  # pyright: ignore[reportAttributeAccessIssue] - the same
)
from handlers.batch import batch  # pyright: ignore[reportMissingImports] - the same
from handlers.requests import app

from cdk_streamer_runtime.testing import MemoryBatch, MemorySink, TestClient
from examples.receipts.drawing import draw, draw_note
from examples.receipts.sample import receipts

DRAWN = list(receipts(12))
RECEIPTS = {receipt.name: draw(receipt) for receipt in DRAWN}
SPOILED = {"note.png": draw_note("Taxi", Decimal("23.50")), "torn.png": b"half a file"}


@pytest.fixture
def queue(objects, server, monkeypatch: pytest.MonkeyPatch) -> MemorySink:
    """The sink, which the readers send to."""
    memory = MemorySink(sink.sink, batch_size=5, rate=8, breaker_failures=3)
    monkeypatch.setattr(reader, "sender", lambda: memory)
    return memory


@pytest.fixture
def readings() -> MemoryBatch:
    """The batch, which invokes the reader."""
    return MemoryBatch(
        batch, "Receipts", function=lambda event: reader.handler(event, None), chunk_size=5
    )


@pytest.fixture
def client(queue, readings) -> TestClient:
    """Ann's client."""
    client = TestClient(app, tenant="acme", owner="ann")
    readings.serve(client.api.aws)
    return client


def archive(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name, content in files.items():
            file.writestr(name, content)
    return packed.getvalue()


def store(client: TestClient, packed: bytes) -> list[dict]:
    upload = client.upload(packed, type="application/zip")
    return client.request("store_receipts", {"upload": upload})


def test_every_receipt_of_an_archive_is_stored_at_the_sinks_pace(client, queue, server):
    end = store(client, archive(RECEIPTS))[-1]
    queue.advance(60)

    assert (end["type"], end["result"]["published"]) == ("complete", 12)
    assert {row.number: row.total for row in server.rows()} == {
        receipt.number: receipt.total for receipt in DRAWN
    }


def test_what_cannot_be_read_is_named_and_the_rest_is_stored(client, queue, server):
    result = store(client, archive(RECEIPTS | SPOILED))[-1]["result"]
    queue.advance(60)

    assert sorted(result["failed_ids"]) == ["note.png", "torn.png"]
    assert len(server.rows()) == 12


def test_the_same_archive_again_is_the_same_rows(client, queue, server):
    for _ in range(2):
        store(client, archive(RECEIPTS))
        queue.advance(60)

    assert {row.deliveries for row in server.rows()} == {2}
    assert len(server.rows()) == 12


def test_a_database_that_goes_away_is_waited_for(client, queue, server):
    store(client, archive(RECEIPTS))
    server.stop()
    queue.advance(90)
    paused = queue.is_paused
    server.start()
    queue.advance(3_600)

    assert paused
    assert len(server.rows()) == 12
    assert (queue.rejected, queue.dead_letters) == ([], [])


def test_what_is_no_archive_is_told_to_the_client(client):
    error = store(client, b"no archive")[-1]["error"]

    assert (error["code"], error["message"]) == (
        "VALIDATION_ERROR",
        "the upload is no zip archive",
    )


def test_an_archive_of_too_many_images_is_refused(client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(images, "MOST_IMAGES", 11)

    error = store(client, archive(RECEIPTS))[-1]["error"]

    assert error["message"] == "the archive has 12 images, and 11 is the most"


def test_a_name_cannot_leave_the_folder_of_its_request(client, objects):
    store(client, archive({"../../other/receipt.png": next(iter(RECEIPTS.values()))}))

    (key,) = objects.stored
    assert key.startswith("images/")
    assert key.endswith("/receipt.png")
    assert ".." not in key
