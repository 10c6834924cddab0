"""What requests put out beside a small result: chunks, large results, uploads, steps."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import json
import uuid
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from cdk_streamer_client import (
    Chunk,
    Progress,
    StreamerClient,
    SyncStreamerClient,
    ValidationFailed,
)
from tests.end_to_end.storage import Storage

WORDS = ["once", "upon", "a", "time"]
LARGE = "x" * 200_000  # what `boast` returns
ADDRESS_LIVES = dt.timedelta(minutes=15)
REFUSED = 403


@pytest.fixture
def gates(tmp_path) -> list[Path]:
    """Give two files for which a handler waits."""
    return [tmp_path / "first", tmp_path / "second"]


@pytest.fixture
def dictation(gates) -> dict[str, object]:
    """Give the payload of `dictate`."""
    return {"words": WORDS, "gates": [str(gate) for gate in gates]}


@pytest.fixture
def storage(deployment) -> Storage:
    """Give the bucket as the world sees it."""
    return Storage(deployment.tls)


@pytest.fixture
def token(token_of) -> str:
    """Give the token of one caller, whichever way it comes."""
    return token_of()


@pytest.fixture
def opened(deployment, token):
    """Give what opens a client in the loop of a test."""

    def open_() -> AbstractAsyncContextManager[StreamerClient]:
        return StreamerClient(url=deployment.url, token=lambda: token, ssl=deployment.tls)

    return open_


@pytest.fixture
def client(deployment, token):
    """Give the client for programs without a loop."""
    with SyncStreamerClient(url=deployment.url, token=token, ssl=deployment.tls) as client:
        yield client


def chunks(messages) -> list[tuple[int, int, object]]:
    return [
        (message["attempt"], message["chunk_index"], message["data"])
        for message in messages
        if message["type"] == "chunk"
    ]


def pages(read) -> list[list[dict[str, Any]]]:
    """Read page after page, by what gives the one that begins somewhere."""
    found, following = [], 0
    while following is not None:
        page = read(following)
        found.append(page["chunks"])
        following = page["next"]
    return found


def wait_until_whole(web, request_id: str) -> None:
    """Return when a dictation has put out all of its words."""
    snapshot = web.get(request_id)
    while (snapshot["progress"] or {}).get("message") != "whole":
        snapshot = web.get(request_id, wait=20, after_seq=snapshot["seq"])


def open_gates(gates) -> None:
    for gate in gates:
        gate.touch()


# --- chunks ---------------------------------------------------------------------------------------


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_chunks_arrive_while_the_handler_runs(wire, dictation, gates):
    request_id = wire.submit("dictate", dictation)
    wire.progress_of(request_id, message="half")

    live = chunks(wire.of(request_id))
    open_gates(gates)
    wire.follow(request_id)

    assert live == [(1, 0, "once"), (1, 1, "upon")]


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_chunks_arrive_in_order_and_the_end_counts_them(wire, dictation, gates):
    open_gates(gates)

    messages = wire.follow(wire.submit("dictate", dictation))

    assert chunks(messages) == [(1, index, word) for index, word in enumerate(WORDS)]
    assert (messages[-1]["chunks"], messages[-1]["result"]) == (4, "once upon a time")
    assert sorted(message["seq"] for message in messages) == list(range(len(messages)))


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_what_was_put_out_while_nobody_listened_is_read_again(connect, web, dictation, gates):
    first, second = connect(), connect()
    request_id = first.submit("dictate", dictation)
    seen = first.progress_of(request_id, message="half")["seq"]
    first.close()
    gates[0].touch()
    second.ask("subscribe", {"request_id": request_id, "after_seq": seen})
    wait_until_whole(web, request_id)

    data = second.ask("get", {"request_id": request_id, "chunks_from": 2})["data"]
    gates[1].touch()
    end = second.follow(request_id)[-1]

    assert data["chunks"] == 4
    assert data["chunk_page"] == {
        "attempt": 1,
        "chunks": [{"chunk_index": 2, "data": "a"}, {"chunk_index": 3, "data": "time"}],
        "next": None,
    }
    assert end["chunks"] == 4


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_another_attempt_begins_at_its_first_chunk(wire, dictation, gates):
    open_gates(gates)

    messages = wire.follow(wire.submit("dictate", {**dictation, "stumbles": True}))
    data = wire.ask("get", {"request_id": messages[-1]["request_id"], "chunks_from": 0})["data"]

    abandoned = [(1, 0, "once"), (1, 1, "upon")]
    assert chunks(messages) == abandoned + [(2, index, word) for index, word in enumerate(WORDS)]
    assert messages[-1]["chunks"] == 4
    assert data["chunk_page"]["attempt"] == 2
    assert [each["data"] for each in data["chunk_page"]["chunks"]] == WORDS


def test_many_chunks_are_read_page_by_page_on_both_apis(wire, web):
    end = wire.run("recite", {"chunks": 30, "size": 10_000})
    request_id = end["request_id"]

    on_socket = pages(
        lambda start: wire.ask("get", {"request_id": request_id, "chunks_from": start})["data"][
            "chunk_page"
        ]
    )
    over_http = pages(
        lambda start: web.ask("GET", f"/requests/{request_id}/chunks", **{"from": start}).document
    )

    assert end["chunks"] == 30
    assert on_socket == over_http
    assert len(on_socket) > 2
    assert [each["data"]["line"] for page in on_socket for each in page] == list(range(30))


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_chunks_of_a_request_that_put_out_none_are_an_empty_page(web):
    request_id = web.submit("count", {"steps": 1})
    web.finish(request_id)

    page = web.ask("GET", f"/requests/{request_id}/chunks").document

    assert page == {
        "request_id": request_id,
        "state": "SUCCEEDED",
        "attempt": 1,
        "chunks": [],
        "next": None,
    }


def test_chunks_of_somebody_else_are_not_found(call):
    web = call(sub="ann")
    request_id = web.submit("recite", {"chunks": 1})
    web.finish(request_id)

    answer = call(sub="bob").ask("GET", f"/requests/{request_id}/chunks")

    assert (answer.status, answer.problem["code"]) == (404, "NOT_FOUND")


@pytest.mark.calm("counts attempts", "crash", "freeze")
async def test_a_client_that_lost_its_connection_has_every_chunk_once_and_in_order(
    opened, deployment, token, dictation, gates
):
    heard: list[Chunk] = []
    async with opened() as client:
        owner = (await client.request("whoami", idempotent=True))["owner"]
        halfway = asyncio.Event()
        request = asyncio.create_task(
            client.request(
                "dictate",
                dictation,
                on_chunk=heard.append,
                on_progress=lambda _progress: halfway.set(),
            )
        )
        await halfway.wait()
        dropped = await asyncio.to_thread(deployment.drop_connections_of, owner)
        open_gates(gates)
        result = await asyncio.wait_for(request, 60)

    assert dropped == 1
    assert result == "once upon a time"
    assert [(chunk.index, chunk.data) for chunk in heard] == list(enumerate(WORDS))


@pytest.mark.calm("counts attempts", "crash", "freeze")
async def test_a_second_device_gets_the_chunks_from_the_first_one_on(opened, dictation, gates):
    async with opened() as phone, opened() as laptop:
        request = phone.submit("dictate", dictation)
        async for message in request:
            if isinstance(message, Progress):
                break

        followed = laptop.attach(request.id).chunks()
        early = [await anext(followed), await anext(followed)]
        open_gates(gates)
        late = [chunk async for chunk in followed]

    assert [chunk.data for chunk in early + late] == WORDS


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_a_client_without_a_loop_hears_that_another_attempt_begins_anew(client, dictation, gates):
    open_gates(gates)

    request = client.submit("dictate", {**dictation, "stumbles": True})
    heard = [(chunk.attempt, chunk.index) for chunk in request.chunks()]

    assert heard == [(1, 0), (1, 1), (2, 0), (2, 1), (2, 2), (2, 3)]
    assert request.result() == "once upon a time"


# --- large results --------------------------------------------------------------------------------


def lives(document) -> dt.timedelta:
    """Tell how long the address of a result is good for, from when it was told."""
    end, told = document["result_expires_at"], document["timestamp"]
    return dt.datetime.fromisoformat(end) - dt.datetime.fromisoformat(told)


def test_a_large_result_is_read_from_where_each_answer_says(wire, web, connect, storage):
    complete = wire.run("boast")
    request_id = complete["request_id"]
    told = [
        complete,
        wire.ask("get", {"request_id": request_id})["data"],
        connect().ask("subscribe", {"request_id": request_id})["data"],
        web.get(request_id),
        web.post("boast", id=request_id).document,
    ]

    read = [storage.get(document["result_url"]) for document in told]

    assert [each.status for each in read] == [200] * 5
    assert {each.type for each in read} == {"application/json"}
    assert all(json.loads(each.body) == LARGE for each in read)
    assert {document["result_bytes"] for document in told} == {len(read[0].body)}
    assert not any("result" in document for document in told)


def test_the_address_of_a_result_is_made_for_each_answer(wire, web):
    complete = wire.run("boast")
    told = [complete, web.get(complete["request_id"])]

    assert [lives(document) for document in told] == [ADDRESS_LIVES] * 2


def test_an_address_opens_nothing_but_its_own_object(wire, storage):
    address = wire.run("boast")["result_url"]

    assert storage.get(address.replace("result-1", "result-2")).status == REFUSED
    assert storage.get(address.partition("?")[0] + "?").status == REFUSED
    assert storage.put(address, b"mine now", {"Content-Type": "application/json"}).status == REFUSED
    assert storage.get(address).status == 200


def test_the_client_for_programs_without_a_loop_fetches_a_large_result(client):
    request = client.submit("boast")

    assert request.result() == LARGE
    assert client.get(request.id).result == LARGE


async def test_the_client_fetches_a_large_result(opened):
    async with opened() as client:
        assert await client.request("boast") == LARGE


# --- uploads --------------------------------------------------------------------------------------


def granted(wire, body: bytes, kind: str = "text/plain"):
    return wire.ask("upload", {"size": len(body), "type": kind})["data"]


def described(body: bytes, kind: str = "text/plain") -> dict[str, object]:
    return {"size": len(body), "type": kind, "sha256": hashlib.sha256(body).hexdigest()}


def test_what_was_uploaded_is_read_by_a_sync_and_an_async_handler(wire, storage):
    body = b"all that no frame can carry"
    grant = granted(wire, body)

    stored = storage.put(grant["url"], body, grant["headers"])
    payload = {"upload_id": grant["upload_id"]}

    assert grant["headers"] == {"Content-Type": "text/plain", "Content-Length": str(len(body))}
    assert stored.status == 200
    assert wire.ask("inspect", payload)["data"] == described(body)
    assert wire.run("inspect_later", payload)["result"] == described(body)


def test_a_handler_reads_from_any_place_and_gives_an_address_to_others(wire, storage):
    grant = granted(wire, b"0123456789")
    storage.put(grant["url"], b"0123456789", grant["headers"])

    result = wire.run("share", {"upload_id": grant["upload_id"]})["result"]

    assert result["end"] == "6789"
    assert storage.get(result["url"]).body == b"0123456789"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"12345", {"Content-Length": "5"}),
        (b"123456789", {"Content-Length": "9"}),
        (b"12345678", {"Content-Type": "text/html"}),
        (b"12345678", {"Content-Type": ""}),
    ],
)
def test_another_length_or_type_than_was_granted_is_refused(wire, storage, body, headers):
    grant = granted(wire, b"12345678")

    stored = storage.put(grant["url"], body, {**grant["headers"], **headers})
    answer = wire.ask("inspect", {"upload_id": grant["upload_id"]})

    assert stored.status == REFUSED
    assert answer["error"]["code"] == "VALIDATION_ERROR"


def test_an_upload_belongs_to_its_owner(connect, storage):
    ann, bob, eve = connect(sub="ann"), connect(sub="bob"), connect(sub="ann", tenant="other")
    grant = granted(ann, b"secret")
    storage.put(grant["url"], b"secret", grant["headers"])
    payload = {"upload_id": grant["upload_id"]}

    refused = [wire.ask("inspect", payload)["error"]["code"] for wire in (bob, eve)]
    later = bob.run("inspect_later", payload)

    assert refused == ["VALIDATION_ERROR"] * 2
    assert later["error"]["code"] == "VALIDATION_ERROR"
    assert ann.ask("inspect", payload)["data"] == described(b"secret")


@pytest.mark.parametrize("upload_id", ["never-granted", "../requests/other", "", None])
def test_an_upload_that_is_not_there_is_the_callers_mistake(wire, upload_id):
    answer = wire.ask("inspect", {"upload_id": upload_id})

    assert answer["error"]["code"] == "VALIDATION_ERROR"


def test_what_was_uploaded_over_http_is_the_same_upload(wire, web, storage):
    answer = web.ask("POST", "/uploads", {"size": 3, "type": "text/csv"})
    grant = answer.document

    stored = storage.put(grant["url"], b"a,b", grant["headers"])
    data = wire.ask("inspect", {"upload_id": grant["upload_id"]})["data"]

    assert (answer.status, stored.status) == (201, 200)
    assert data == described(b"a,b", "text/csv")


def test_five_megabytes_are_uploaded_from_a_file(client, tmp_path):
    body = b"0123456789abcdef" * 65_536 * 5
    file = tmp_path / "large.bin"
    file.write_bytes(body)

    upload_id = client.upload(file)
    result = client.request("inspect_later", {"upload_id": upload_id})

    assert result == described(body, "application/octet-stream")


async def test_a_client_uploads_bytes(opened):
    async with opened() as client:
        upload_id = await client.upload(b"a,b\n", type="text/csv")

        assert await client.request(
            "inspect", {"upload_id": upload_id}, idempotent=True
        ) == described(b"a,b\n", "text/csv")
        with pytest.raises(ValidationFailed):
            await client.request("inspect", {"upload_id": uuid.uuid4().hex}, idempotent=True)


# --- steps ----------------------------------------------------------------------------------------


def test_steps_and_loops_tell_where_the_work_is(wire, gates):
    request_id = wire.submit("survey", {"gates": [str(gate) for gate in gates]})

    loading = wire.progress_of(request_id, step="load", current=2)
    gates[0].touch()
    rendering = wire.progress_of(request_id, step="render", message="Half of it")
    gates[1].touch()
    reports = [each for each in wire.follow(request_id) if each["type"] == "progress"]

    assert (loading["percentage"], loading["total"], loading["unit"]) == (12.5, 4, "rows")
    assert loading["message"] == "Loading"
    assert rendering["percentage"] == 62.5
    assert (reports[-1]["percentage"], reports[-1]["step"]) == (100, "render")


def test_a_thousand_reports_at_once_are_few_messages_and_the_last_is_one_of_them(wire):
    messages = wire.follow(wire.submit("burst"))

    reports = [message["current"] for message in messages if message["type"] == "progress"]
    assert reports[-1] == 1_000
    assert reports == sorted(set(reports))
    assert len(reports) < 100
