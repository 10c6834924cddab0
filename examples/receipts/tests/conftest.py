"""What the tests of the handlers need: a bucket in memory, and a database that the sink knows."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from handlers import images, ledger  # pyright: ignore[reportAttributeAccessIssue] - of this example

from examples.receipts.database import stub


class Objects:
    """The three calls of S3 that images need; gives a page of ten names at a time."""

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}

    def put_object(self, *, Key: str, Body: bytes, **_: str) -> None:  # noqa: N803 - as S3 says
        self.stored[Key] = Body

    def get_object(self, *, Key: str, **_: str) -> dict[str, Any]:  # noqa: N803
        return {"Body": io.BytesIO(self.stored[Key])}

    def list_objects_v2(self, *, Prefix: str, ContinuationToken: str = "", **_: Any) -> Any:  # noqa: N803
        keys = sorted(key for key in self.stored if key.startswith(Prefix))
        rest = [key for key in keys if key > ContinuationToken]
        page = {"Contents": [{"Key": key} for key in rest[:10]]}
        return page | ({"NextContinuationToken": rest[9]} if rest[10:] else {})


@pytest.fixture
def objects(monkeypatch: pytest.MonkeyPatch) -> Objects:
    """The application's bucket."""
    objects = Objects()
    monkeypatch.setattr(images, "s3", lambda: objects)
    monkeypatch.setenv("BUCKET", "images")
    return objects


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[stub.Stub]:
    """A database whose address the sink knows; it speaks PostgreSQL's protocol."""
    monkeypatch.setattr(stub, "LABOR", 0)
    server = stub.Stub()
    address = json.loads(server.address.to_text())
    monkeypatch.setattr(ledger, "_address", lambda: address)
    ledger.forget()
    yield server
    ledger.forget()
    server.close()
