"""The authorizer that docs/auth.md shows, in front of both APIs."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from cdk_streamer_local import LocalStack
from tests.local.apps import copied

PAGE = Path(__file__).parents[2] / "docs" / "auth.md"
KEYS = {"a key": ("acme", "importer"), "a nameless key": ("acme", "")}
PATIENCE = 30


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    folder = copied("guarded", tmp_path_factory.mktemp("apps"))
    pattern = re.compile(r"^```python\n(# authorizer/.*?)^```$", re.MULTILINE | re.DOTALL)
    (block,) = pattern.findall(PAGE.read_text())
    known = {hashlib.sha256(key.encode()).hexdigest(): who for key, who in KEYS.items()}
    (folder / "authorizer").mkdir()
    (folder / "authorizer" / "index.py").write_text(
        re.sub(r"^PARTNERS = .*?^}", f"PARTNERS = {known!r}", block, flags=re.DOTALL | re.MULTILINE)
    )
    with LocalStack(folder / "app.py") as stack:
        yield stack


def headers(key: str | None) -> dict[str, str]:
    return {} if key is None else {"X-Api-Key": key}


def over_socket(stack: LocalStack, key: str | None) -> Any:
    """Give what `whoami` answers, or the status of a handshake that failed."""
    try:
        with connect(
            stack.socket_url(),
            ssl=stack.tls,
            proxy=None,
            additional_headers=headers(key),
            open_timeout=PATIENCE,
        ) as socket:
            socket.send('{"action":"whoami","id":"1"}')
            return json.loads(socket.recv(PATIENCE))["data"]
    except InvalidStatus as refused:
        return refused.response.status_code


def over_http(stack: LocalStack, key: str | None) -> Any:
    """Give what `whoami` answers, or the status of a refusal."""
    request = Request(
        f"{stack.http_url()}/requests",
        b'{"action":"whoami"}',
        {"Content-Type": "application/json", **headers(key)},
        method="POST",
    )
    try:
        with urlopen(request, timeout=PATIENCE, context=stack.tls) as answer:
            return json.load(answer)["data"]
    except HTTPError as refused:
        with refused:
            return refused.code


@pytest.mark.parametrize("ask", [over_socket, over_http])
def test_whom_it_names_is_the_caller(stack: LocalStack, ask: Any):
    assert ask(stack, "a key") == {"tenant": "acme", "owner": "importer"}


@pytest.mark.parametrize(
    ("ask", "key", "status"),
    [
        (over_socket, "another key", 403),
        (over_http, "another key", 403),
        (over_socket, None, 403),
        (over_http, None, 401),
        (over_socket, "a nameless key", 403),
        (over_http, "a nameless key", 401),
    ],
)
def test_nobody_else_comes_in(stack: LocalStack, ask: Any, key: str | None, status: int):
    assert ask(stack, key) == status


def test_there_are_no_tickets(stack: LocalStack):
    request = Request(f"{stack.http_url()}/tickets", headers=headers("a key"), method="POST")

    with pytest.raises(HTTPError) as refused:
        urlopen(request, timeout=PATIENCE, context=stack.tls)
    with refused.value:
        assert refused.value.code == 404
