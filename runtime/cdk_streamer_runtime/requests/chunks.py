"""Parts of what an attempt puts out: an item each, so that whoever missed one reads it again."""

from __future__ import annotations

from collections.abc import Sequence

from cdk_streamer_runtime.contract import ItemKind
from cdk_streamer_runtime.documents import decode, size
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.requests.items import last_moment
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.sockets.messages import Message

BATCH = 25  # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
PAGE_BYTES = 100 * 1024
_FIRST_LOOK = 25
_LONGEST_LOOK = 500
_ENVELOPE = 48  # what stands around each chunk in a page


class ChunkStore:
    """The chunks of all requests. `retention` is in seconds."""

    def __init__(self, table: Table, *, retention: int) -> None:
        """Take the table and how long chunks stay, as long as the request's payload."""
        self._table = table
        self._retention = retention

    def write(self, request: Request, first: int, chunks: Sequence[str]) -> None:
        """Store the JSON texts of the attempt's chunks, from the index `first` on.

        Nobody reads them before the request counts them, so an attempt that was given up harms
        none but its own, and what is written twice is the same. Raises AwsError.
        """
        ttl = last_moment(request) // 1000 + self._retention
        items = [
            {"pk": request.key, "sk": _sort_key(request.attempt, index), "data": text, "ttl": ttl}
            for index, text in enumerate(chunks, first)
        ]
        for start in range(0, len(items), BATCH):
            self._table.put_all(items[start : start + BATCH])

    def page(self, request: Request, start: int, room: int) -> Message:
        """Give the chunks that the request counts, from `start` on, in `room` bytes; at least one.

        `next` is where the next page begins; None when there is none.
        """
        page: list[Message] = []
        index, look, left = start, _FIRST_LOOK, room
        while index < request.chunks:
            texts = self._texts(request, index, min(index + look, request.chunks) - 1)
            for text in texts:
                left -= size(text) + _ENVELOPE
                if page and left < 0:
                    return _page(request, page, index)
                page.append({"chunk_index": index, "data": decode(text)})
                index += 1
            if not texts:
                break  # the table removes them one by one when their time is over
            average = (room - left) // len(page)
            look = min(max(left // average, 1), _LONGEST_LOOK)
        return _page(request, page, None)

    def _texts(self, request: Request, first: int, last: int) -> list[str]:
        """Read some chunks, without any that comes after a hole."""
        items = self._table.query(
            "pk = :key AND sk BETWEEN :first AND :last",
            values={
                ":key": request.key,
                ":first": _sort_key(request.attempt, first),
                ":last": _sort_key(request.attempt, last),
            },
        ).items
        texts: list[str] = []
        for index, item in enumerate(items, first):
            if item["sk"] != _sort_key(request.attempt, index):
                break
            texts.append(item["data"])
        return texts


def _sort_key(attempt: int, index: int) -> str:
    return f"{ItemKind.CHUNK}#{attempt:03d}#{index:010d}"


def _page(request: Request, chunks: list[Message], following: int | None) -> Message:
    return {"attempt": request.attempt, "chunks": chunks, "next": following}
