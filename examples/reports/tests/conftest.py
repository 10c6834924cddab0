"""What the tests of the handlers need: a client in memory, and a stand-in for S3."""

from __future__ import annotations

import pytest
from handlers import files
from handlers.requests import app

from cdk_streamer_runtime.testing import TestClient


@pytest.fixture
def client() -> TestClient:
    """Ann's client, on an API in memory."""
    return TestClient(app, tenant="acme", owner="ann")


class Pages:
    """The two calls of S3 that publish a page; keeps the pages by their keys."""

    def __init__(self) -> None:
        self.stored: dict[str, str] = {}

    def put_object(self, *, Key: str, Body: bytes, **_: str) -> None:  # noqa: N803 - as S3 says
        self.stored[Key] = Body.decode()

    def generate_presigned_url(self, *_: str, Params: dict[str, str], ExpiresIn: int) -> str:  # noqa: N803
        return f"https://files.example.com/{Params['Key']}?expires={ExpiresIn}"


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Pages:
    """The application's own bucket."""
    pages = Pages()
    monkeypatch.setattr(files, "s3", lambda: pages)
    monkeypatch.setenv("BUCKET", "files")
    return pages
