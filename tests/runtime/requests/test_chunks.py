"""Partial output: every chunk, in order, once; and again for who missed some."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime import ActionFailed, AsyncApp, Progress, RequestContext, Retry
from cdk_streamer_runtime.contract import CHUNK_BYTES, MESSAGE_BYTES, State
from cdk_streamer_runtime.documents import decode, encode, size
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import Cancelled, LeaseLost, Throttled, Unreachable
from cdk_streamer_runtime.keys import request_key
from cdk_streamer_runtime.machine import Machine
from cdk_streamer_runtime.memory.api import ENDPOINT, TABLE, CountedMetrics
from cdk_streamer_runtime.memory.platform import START, MemoryPlatform
from cdk_streamer_runtime.requests.items import Body
from cdk_streamer_runtime.requests.lease import Lease
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.requests.results import BESIDE_CHUNKS_BYTES
from cdk_streamer_runtime.requests.store import RequestStore
from cdk_streamer_runtime.requests.transitions import Event
from cdk_streamer_runtime.sockets.posts import Posts
from cdk_streamer_runtime.testing import MemoryAws, TestClient
from tests.runtime.api import ANN, ObservedApi
from tests.runtime.observed_aws import ObservedAws, answer_lost, refused_by
from tests.runtime.wire import faults

KEY = request_key("acme", "ann", "r1")
UNREACHABLE = Unreachable("Timeout", "", 0, "any")


class Held:
    """A claimed attempt with one subscriber."""

    def __init__(self, attempt: int = 1) -> None:
        self.platform = MemoryPlatform()
        self.memory = MemoryAws(clock=self.platform.clock, tables=[TABLE])
        self.memory.connections.open("a")
        self.aws = ObservedAws(self.memory)
        table = Table(self.aws, TABLE.name)
        self.store = RequestStore(table, retention=3_600, new_mark=self.platform.new_id)
        new = Request(
            key=KEY,
            tenant="acme",
            owner="ann",
            request_id="r1",
            action="job",
            body_hash="hash",
            created_at=START,
            expires_at=START + 3_600_000,
            timeout=900_000,
            max_attempts=3,
            subscribers={"a": START // 1000 + 3_600},
            mark="mark",
            attempt=attempt,
        )
        self.store.submit(new, Body(payload=None, metadata={}), START)
        self.lease = self.claimed(attempt)

    def claimed(self, attempt: int) -> Lease:
        return Lease(
            self.store.claim(KEY, attempt, f"worker-{attempt}", self.platform.now, 60_000),
            store=self.store,
            posts=Posts(self.aws, ENDPOINT, metrics=CountedMetrics()),
            length=60_000,
            clock=self.platform.clock,
            metrics=CountedMetrics(),
        )

    @property
    def stored(self) -> Request:
        request = self.store.read(KEY, self.platform.now)
        assert request is not None
        return request

    @property
    def told(self) -> list[tuple[int, int, Any]]:
        documents = [decode(body) for body in self.memory.connections.messages("a")]
        assert [fault for each in documents for fault in faults(each)] == []
        chunks = [each for each in documents if each["type"] == "chunk"]
        return [(each["seq"], each["chunk_index"], each["data"]) for each in chunks]

    def page(self, start: int = 0, room: int = 100_000) -> dict[str, Any]:
        return self.store.chunks.page(self.stored, start, room)

    def data(self, start: int = 0) -> list[Any]:
        return [chunk["data"] for chunk in self.page(start)["chunks"]]


@pytest.fixture
def held() -> Held:
    return Held()


def client_of(handler: Callable[..., Any], **options: Any) -> TestClient:
    app = AsyncApp()
    app.action("job", mode="async", **options)(handler)
    return TestClient(app)


# --- writing --------------------------------------------------------------------------------------


def test_a_chunk_is_stored_counted_and_told(held: Held):
    held.lease.put(['"Once"', '["upon"]'])

    assert held.stored.chunks == 2
    assert held.data() == ["Once", ["upon"]]
    assert held.told == [(1, 0, "Once"), (2, 1, ["upon"])]


def test_chunks_go_on_where_they_were(held: Held):
    held.lease.put(["1"])
    held.lease.write({"percentage": 50, "message": None})
    held.lease.put(["2", "3"])

    assert held.data() == [1, 2, 3]
    assert held.stored.seq == 4


def test_chunks_are_stored_before_they_are_counted(held: Held):
    held.aws.on("UpdateItem", refused_by(UNREACHABLE))
    with pytest.raises(Unreachable):
        held.lease.put(["1"])

    assert (held.stored.chunks, held.page()["chunks"]) == (0, [])
    assert held.told == []


def test_chunks_that_are_put_again_are_the_same(held: Held):
    held.aws.on("UpdateItem", answer_lost)
    with pytest.raises(Unreachable):
        held.lease.put(["1", "2"])
    held.lease.put(["1", "2", "3"])

    assert held.stored.chunks == 3
    assert held.data() == [1, 2, 3]
    assert [index for _seq, index, _data in held.told] == [0, 1, 2]


def test_chunks_that_the_table_did_not_take_are_an_overload(held: Held):
    def half(_effect: object) -> dict[str, Any]:
        return {"UnprocessedItems": {TABLE.name: [{}]}}

    held.aws.on("BatchWriteItem", half)

    with pytest.raises(Throttled):
        held.lease.put(["1"])


def test_a_chunk_extends_the_lease_when_it_is_time(held: Held):
    held.platform.advance(30_000)
    held.lease.put(["1"])

    assert held.stored.lease_until == START + 90_000


def test_a_worker_that_was_given_up_counts_no_chunk(held: Held):
    held.store.transition(held.stored, Event.RETRY, START, changes={"attempt": 2})
    new = held.claimed(2)
    new.put(['"new"'])
    with pytest.raises(LeaseLost):
        held.lease.put(['"old"', '"older"'])

    assert held.data() == ["new"]
    assert held.stored.chunks == 1


def test_the_wish_to_cancel_is_heard_with_a_chunk(held: Held):
    held.store.transition(held.stored, Event.CANCEL, START, messages=0)

    with pytest.raises(Cancelled):
        held.lease.put(["1"])
    assert held.data() == [1]


def test_another_attempt_begins_without_chunks(held: Held):
    held.lease.put(["1"])
    waiting = held.store.transition(held.stored, Event.RETRY, START, changes={"attempt": 2})

    assert waiting.chunks == 0
    assert held.page() == {"attempt": 2, "chunks": [], "next": None}


def test_chunks_live_as_long_as_the_payload(held: Held):
    held.lease.put(["1"])

    items = {item["sk"]["S"].partition("#")[0]: item for item in held.memory.items(TABLE.name)}
    assert items["chunk"]["ttl"] == items["payload"]["ttl"]


# --- reading --------------------------------------------------------------------------------------


def test_a_page_says_where_the_next_one_begins(held: Held):
    held.lease.put([f'"{"a" * 400}"'] * 10)

    first = held.page(room=2_000)
    assert [chunk["chunk_index"] for chunk in first["chunks"]] == [0, 1, 2, 3]
    assert first["next"] == 4
    assert held.page(start=4)["next"] is None


def test_a_page_has_one_chunk_however_large(held: Held):
    held.lease.put([f'"{"a" * 5_000}"'] * 2)

    assert len(held.page(room=10)["chunks"]) == 1


@pytest.mark.parametrize("start", [2, 3, 10**9])
def test_beyond_the_last_chunk_there_is_an_empty_page(held: Held, start: int):
    held.lease.put(["1", "2"])

    assert held.page(start) == {"attempt": 1, "chunks": [], "next": None}


def test_what_follows_a_hole_is_left_out(held: Held):
    held.lease.put(["1", "2", "3"])
    key = {"pk": {"S": KEY}, "sk": {"S": "chunk#001#0000000001"}}
    held.memory.call("dynamodb", "DeleteItem", {"TableName": TABLE.name, "Key": key})

    assert held.page() == {
        "attempt": 1,
        "chunks": [{"chunk_index": 0, "data": 1}],
        "next": None,
    }


@given(
    sizes=st.lists(st.integers(0, 3_000), max_size=120),
    room=st.integers(1, 8_000),
)
def test_pages_together_are_all_chunks_in_order(sizes: list[int], room: int):
    held = Held()
    texts = [encode("a" * length + str(index)) for index, length in enumerate(sizes)]
    for start in range(0, len(texts), 25):
        held.lease.put(texts[start : start + 25])

    seen: list[str] = []
    start: int | None = 0
    while start is not None:
        page = held.page(start, room)
        assert [each["chunk_index"] for each in page["chunks"]][:1] in ([], [start])
        seen += [encode(chunk["data"]) for chunk in page["chunks"]]
        assert len(page["chunks"]) <= 1 or size(encode(page["chunks"])) <= room
        start = page["next"]
    assert seen == texts


def test_ten_thousand_small_chunks_are_read_in_few_queries(held: Held):
    for start in range(0, 10_000, 25):
        held.lease.put([encode(f"token {index}") for index in range(start, start + 25)])
    before = held.aws.counts["Query"]

    assert len(held.page()["chunks"]) > 1_000
    assert held.aws.counts["Query"] - before < 6


# --- with everything around it -------------------------------------------------------------------


def test_a_client_gets_every_chunk_before_the_end():
    def tell(progress: Progress) -> str:
        for word in ("Once", "upon", "a time"):
            progress.chunk(word)
        return "the end"

    client = client_of(tell)
    messages = client.request("job", id="r1")

    assert [each["type"] for each in messages] == ["acknowledgment", *["chunk"] * 3, "complete"]
    assert [each["seq"] for each in messages] == [0, 1, 2, 3, 4]
    assert messages[-1]["chunks"] == 3
    assert client.chunks("r1") == ["Once", "upon", "a time"]


def test_a_retry_starts_at_the_first_chunk():
    def tell(progress: Progress, context: RequestContext) -> None:
        progress.chunk(f"attempt {context.attempt}")
        if context.attempt == 1:
            progress.chunk("lost")
            raise OSError

    client = client_of(tell, retry=Retry())
    messages = client.request("job", id="r1")

    told = [(m["attempt"], m["chunk_index"]) for m in messages if m["type"] == "chunk"]
    assert told == [(1, 0), (1, 1), (2, 0)]
    assert client.chunks("r1") == ["attempt 2"]


def test_chunks_of_a_request_that_failed_can_be_read():
    def tell(progress: Progress) -> None:
        progress.chunk("half")
        raise OSError

    client = client_of(tell)
    client.request("job", id="r1")

    assert client.chunks("r1") == ["half"]


def test_a_chunk_raises_when_the_client_wants_no_more():
    def tell(progress: Progress) -> None:
        progress.report(1)
        while True:
            progress.chunk("more")

    messages = client_of(tell).request("job", cancel_after=1)

    assert messages[-1]["type"] == "cancelled"


def test_a_snapshot_has_as_many_chunks_as_were_told():
    def tell(progress: Progress) -> None:
        progress.chunk("a")

    client = client_of(tell)
    client.request("job", id="r1")
    client.send({"action": "get", "payload": {"request_id": "r1"}})

    assert client.messages[-1]["data"]["chunks"] == 1
    assert "chunk_page" not in client.messages[-1]["data"]


@pytest.mark.parametrize("start", [-1, "0", 1.5, True])
def test_a_page_begins_at_a_number(start: object):
    client = client_of(lambda: None)
    client.request("job", id="r1")
    client.send({"action": "get", "payload": {"request_id": "r1", "chunks_from": start}})

    assert client.messages[-1]["error"]["code"] == "VALIDATION_ERROR"


def test_the_largest_of_everything_fits_into_one_message():
    def tell(progress: Progress) -> str:
        progress.report(50, "a" * 16_000)
        progress.chunk("c" * (CHUNK_BYTES - 2))
        return "r" * (BESIDE_CHUNKS_BYTES - 2)

    client = client_of(tell)
    client.request("job", id="r1")
    client.send({"action": "get", "payload": {"request_id": "r1", "chunks_from": 0}})

    answer = client.messages[-1]
    assert len(answer["data"]["chunk_page"]["chunks"]) == 1
    assert size(encode(answer)) <= MESSAGE_BYTES


def test_chunks_of_a_failure_that_told_much_fit_into_one_message():
    def tell(progress: Progress) -> None:
        progress.chunk("c" * (CHUNK_BYTES - 2))
        raise ActionFailed("much went wrong", details={"rows": "r" * 100_000})

    client = client_of(tell)
    client.request("job", id="r1")
    client.send({"action": "get", "payload": {"request_id": "r1", "chunks_from": 0}})

    answer = client.messages[-1]
    assert answer["data"]["error"]["message"] == "much went wrong"
    assert len(answer["data"]["chunk_page"]["chunks"]) == 1
    assert size(encode(answer)) <= MESSAGE_BYTES


@pytest.mark.parametrize("data", [object(), float("nan"), {1, 2}])
def test_what_is_not_json_is_no_chunk(data: object):
    def tell(progress: Progress) -> None:
        with pytest.raises((TypeError, ValueError)):
            progress.chunk(data)

    assert client_of(tell).request("job")[-1]["type"] == "complete"


def test_a_chunk_that_is_too_large_says_so():
    def tell(progress: Progress) -> None:
        with pytest.raises(ValueError, match="a chunk has at most 65536 bytes, got 65537"):
            progress.chunk("a" * (CHUNK_BYTES - 1))

    assert client_of(tell).request("job")[-1]["type"] == "complete"


def test_chunks_of_steps_are_chunks_of_the_request():
    def tell(progress: Progress) -> None:
        with progress.steps({"load": 1})["load"] as load:
            load.chunk("loaded")

    client = client_of(tell)
    client.request("job", id="r1")

    assert client.chunks("r1") == ["loaded"]


# --- on the real machine --------------------------------------------------------------------------


def test_the_real_machine_loses_no_chunk_of_many(held: Held):
    machine = Machine()
    with machine.pumping(held.lease, 1, 10**15) as pump:
        for number in range(400):
            pump.put(str(number))
        pump.stop()

    assert held.stored.chunks == 400
    assert [data for _seq, _index, data in held.told] == list(range(400))
    assert [seq for seq, _index, _data in held.told] == list(range(1, 401))


def test_the_end_waits_for_chunks_that_could_not_be_written_at_once(held: Held):
    held.aws.on("BatchWriteItem", refused_by(UNREACHABLE))
    with Machine().pumping(held.lease, 1, 10**15) as pump:
        pump.put("1")
        pump.stop()

    assert held.data() == [1]


def test_chunks_that_cannot_be_written_are_a_crash_of_the_worker(held: Held):
    held.aws.on("BatchWriteItem", *[refused_by(UNREACHABLE)] * 5)
    with Machine().pumping(held.lease, 1, 10**15) as pump:
        pump.put("1")
        with pytest.raises(Unreachable):
            pump.stop()
        assert pump.stop() is None  # once is enough

    assert held.stored.state is State.RUNNING


def test_a_chunk_waits_for_room_and_hears_that_it_is_not_wanted(held: Held):
    held.store.transition(held.stored, Event.RETRY, START, changes={"attempt": 2})
    with Machine().pumping(held.lease, 1, 10**15) as pump:

        def tell() -> None:
            while True:
                pump.put("1")

        with pytest.raises(LeaseLost):
            tell()
        pump.stop()


def test_an_attempt_with_chunks_costs_two_calls_for_25_of_them():
    app = AsyncApp()

    @app.action("job", mode="async")
    def job(progress: Progress) -> None:
        sink = progress._carrier._sink  # type: ignore[attr-defined]  # noqa: SLF001
        before = api.observed.counts
        sink.put(["1"] * 25)
        spent.append(dict(api.observed.counts - before))

    spent: list[dict[str, int]] = []
    api = ObservedApi(app)
    api.hear(api.connect(ANN), {"action": "job", "id": "r1"})
    api.settle()

    assert spent == [{"BatchWriteItem": 1, "UpdateItem": 1, "POST": 25}]
