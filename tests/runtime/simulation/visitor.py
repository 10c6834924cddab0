"""Callers without a socket: they submit by HTTP and ask again until they know."""

from __future__ import annotations

import json
from typing import Any

from cdk_streamer_client.chunks import Chunk
from cdk_streamer_client.messages import Completed, Failed, Message, Stored, read_news
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.memory.http import HttpAnswer
from tests.runtime.simulation.people import ALICE, People
from tests.runtime.simulation.scheduler import Group
from tests.runtime.simulation.wish import Wish
from tests.runtime.simulation.world import World

OK, ACCEPTED, TOO_MANY = 200, 202, 429


class Visitor:
    """Submits one request with an Idempotency-Key, polls long, and fetches what is large."""

    def __init__(self, world: World, people: People, wish: Wish) -> None:
        self.wish = wish
        self.seen: list[Message] = []
        self.outcome: Completed | Failed | None = None
        self.left = False
        self.cancelled = False
        self.refused: list[str] = []
        self._world = world
        self._people = people
        self._group = Group(f"visitor {wish.request_id}")
        self._path = f"/requests/{wish.request_id}"

    def start(self, delay: int) -> None:
        self._world.scheduler.spawn(self._group, self._live, delay)
        if self.wish.cancel_after is not None:
            self._world.scheduler.spawn(self._group, self._cancel, delay + self.wish.cancel_after)

    def _live(self) -> None:
        while self.outcome is None and not self.left:
            snapshot = self._submit()
            while snapshot is not None and self.outcome is None and not self.left:
                self._read(snapshot)
                snapshot = self._poll(snapshot)

    def _submit(self) -> dict[str, Any] | None:
        """Submit until it is accepted; the key makes any number of tries one."""
        body: dict[str, Any] = {"action": self.wish.action, "payload": {}}
        if self.wish.webhook:
            body["webhook"] = self.wish.webhook
        wait = self._world.scheduler.random.choice((0, 10))
        headers = {"Idempotency-Key": f'"{self.wish.request_id}"'}
        if wait:
            headers["Prefer"] = f"wait={wait}"
        answer = self._world.visit(ALICE, "POST", "/requests", body=body, headers=headers)
        if answer is not None and answer.status in {OK, ACCEPTED}:
            return answer.document
        self._pause(answer)
        return None

    def _poll(self, snapshot: dict[str, Any]) -> dict[str, Any] | None:
        query = {"wait": 20, "after_seq": snapshot["seq"]}
        answer = self._world.visit(ALICE, "GET", self._path, query=query)
        if answer is not None and answer.status == OK:
            # A question is enough of an answer each time that somebody asks.
            self._world.scheduler.sleep(3_000 if "input" in answer.document else 100)
            return answer.document
        self._pause(answer)
        return snapshot if self.outcome is None else None

    def _pause(self, answer: HttpAnswer | None) -> None:
        """Try again later, as the answer says if it says anything; now and then leave for good."""
        scheduler = self._world.scheduler
        if answer is None and scheduler.random.random() < self._world.faults.leave / 5:
            self.left = True
        wait = 2
        if answer is not None:
            wait = int(answer.headers.get("retry-after", 5))
            if not (answer.document.get("retryable") or answer.status == TOO_MANY):
                self.refused.append(f"{self.wish.request_id} was answered {answer.document}")
        scheduler.sleep(wait * 1000)

    def _cancel(self) -> None:
        while self.outcome is None and not self.left:
            self.cancelled = True
            self._world.visit(ALICE, "DELETE", self._path)
            self._world.scheduler.sleep(25_000)

    def _read(self, snapshot: dict[str, Any]) -> None:
        if snapshot["state"] == "INPUT_REQUIRED":
            self._people.asked(self.wish.request_id, snapshot["input"]["input_id"])
        news = read_news(snapshot)
        if not news.is_last:
            return
        if isinstance(news.message, Failed):
            self.outcome = news.message
            return
        result = self._result(news.message)
        if result is None or not self._read_chunks(snapshot.get("chunks", 0)):
            return  # and ask for it all again
        self.outcome = Completed(result=result, seq=news.seq)

    def _result(self, message: Message | Stored | None) -> dict[str, Any] | None:
        if isinstance(message, Completed):
            return message.result
        assert isinstance(message, Stored), message
        scheduler = self._world.scheduler
        scheduler.sleep(scheduler.random.randint(20, 2_000))
        if scheduler.random.random() < self._world.faults.fetch_failed:
            return None
        try:
            text = self._world.memory.objects.open("GET", message.url)
        except AwsError:
            return None
        return json.loads(text)

    def _read_chunks(self, count: int) -> bool:
        chunks: list[Chunk] = []
        start: int | None = 0 if count else None
        while start is not None:
            answer = self._world.visit(ALICE, "GET", f"{self._path}/chunks", query={"from": start})
            if answer is None or answer.status != OK:
                self._pause(answer)
                return False
            page = answer.document
            chunks += [
                Chunk(data=each["data"], index=each["chunk_index"], attempt=page["attempt"])
                for each in page["chunks"]
            ]
            start = page["next"]
        self.seen += chunks
        return True
