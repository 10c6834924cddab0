"""The Python client against the deployed application."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cdk_streamer_client import (
    Cancelled,
    Completed,
    Conflict,
    Forbidden,
    HandshakeRefused,
    InvalidAction,
    NotFound,
    PayloadTooLarge,
    ProcessingFailed,
    Progress,
    Retrying,
    StreamerClient,
    TimedOut,
    ValidationFailed,
)


@pytest.fixture
def owner() -> str:
    """Give an owner whom no other test has."""
    return f"ann-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def opened(deployment, owner):
    """Give what opens a client; each test opens it in its own loop."""

    @asynccontextmanager
    async def open_() -> AsyncIterator[StreamerClient]:
        token = deployment.token(sub=owner, tenant="acme")
        async with StreamerClient(
            url=deployment.url, token=lambda: token, ssl=deployment.tls
        ) as client:
            yield client

    return open_


async def test_a_sync_action_gives_its_data(opened):
    async with opened() as client:
        # It may run twice, so it is asked again when its answer was lost.
        answer = await client.request("greet", {"name": "Ann"}, idempotent=True)

    assert answer == "hello Ann "


@pytest.mark.calm("hears the last report", "lose")
async def test_an_async_action_gives_its_progress_and_its_result(opened):
    reports: list[Progress] = []
    async with opened() as client:
        result = await client.request("count", {"steps": 4}, on_progress=reports.append)

    assert result == {"counted": 4}
    assert reports[-1].percentage == 100
    assert reports[-1].metadata == {"source": "counter"}


@pytest.mark.calm("counts attempts", "crash", "freeze", "lose")
async def test_attempts_are_heard(opened):
    async with opened() as client:
        heard = [message async for message in client.submit("flaky")]

    assert [message.attempt for message in heard if isinstance(message, Retrying)] == [2, 3]
    assert isinstance(heard[-1], Completed)


async def test_a_lost_connection_is_replaced_and_the_result_arrives(
    opened, deployment, owner, tmp_path
):
    release = tmp_path / "release"
    async with opened() as client:
        request = client.submit("linger", {"release": str(release)})
        messages = aiter(request)
        while not isinstance(await anext(messages), Progress):
            pass

        dropped = await asyncio.to_thread(deployment.drop_connections_of, owner)
        release.touch()
        result = await asyncio.wait_for(request.result(), 60)

    assert dropped == 1
    assert result == "released"


async def test_another_client_of_the_same_owner_follows_a_request(opened, tmp_path):
    release = tmp_path / "release"
    async with opened() as first, opened() as second:
        request = first.submit("linger", {"release": str(release)})
        await anext(aiter(request))

        followed = second.attach(request.id)
        release.touch()
        result = await asyncio.wait_for(followed.result(), 60)

    assert result == "released"


async def test_cancelling_raises_where_the_result_was_awaited(opened):
    async with opened() as client:
        request = client.submit("linger", {})
        async for message in request:
            if isinstance(message, Progress):
                await request.cancel("enough")

        with pytest.raises(Cancelled):
            await request.result()


@pytest.mark.parametrize(
    ("action", "payload", "error"),
    [
        ("fly", None, InvalidAction),
        ("greet", {}, ValidationFailed),
        ("administer", None, Forbidden),
        ("break", None, ProcessingFailed),
        ("break_later", None, ProcessingFailed),
        ("dawdle_later", None, TimedOut),
        ("echo", "x" * 40_000, PayloadTooLarge),
    ],
)
async def test_a_failure_raises_its_own_error(opened, action, payload, error):
    async with opened() as client:
        with pytest.raises(error):
            await client.request(action, payload, idempotent=True)


async def test_an_id_with_another_body_raises_conflict(opened):
    async with opened() as client:
        await client.request("count", {"steps": 1}, id="taken")

        with pytest.raises(Conflict):
            await client.request("count", {"steps": 2}, id="taken")


async def test_an_unknown_request_raises_not_found(opened):
    async with opened() as client:
        with pytest.raises(NotFound):
            await client.get("never-used")


async def test_requests_are_listed(opened):
    async with opened() as client:
        await client.request("count", {"steps": 1}, id="first")
        await client.request("count", {"steps": 1}, id="second")

        page = await client.list(state="SUCCEEDED")

    assert [entry.request_id for entry in page.requests] == ["second", "first"]


async def test_a_channel_is_heard_to_its_end(opened, deployment):
    channel = uuid.uuid4().hex
    event = {"tenant": "acme", "channel": channel}
    async with opened() as client:
        messages = client.subscribe(channel)
        publishing = asyncio.create_task(
            asyncio.to_thread(deployment.invoke, "Publisher", {**event, "percentage": 30})
        )
        first = await anext(messages)
        await publishing
        await asyncio.to_thread(deployment.invoke, "Publisher", {**event, "result": 7})
        last = [message async for message in messages][-1]

    assert isinstance(first, Progress)
    assert first.percentage == 30
    assert isinstance(last, Completed)
    assert last.result == 7


async def test_a_bad_token_is_refused(deployment):
    client = StreamerClient(url=deployment.url, token="nonsense", ssl=deployment.tls)

    with pytest.raises(HandshakeRefused):
        async with client:
            pass
