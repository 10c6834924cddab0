"""Parts of what an attempt puts out: read from messages, put in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from cdk_streamer_client.wire import Malformed, read_count, read_object

# How far ahead of a hole chunks are kept: what is further away is asked for again.
HELD = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A part of what an attempt puts out. One of a later `attempt` replaces all before it."""

    data: Any
    index: int
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """What one message tells of chunks: some of them, and how many there are.

    The attempt 0 is the one that is known already.
    """

    attempt: int
    chunks: tuple[Chunk, ...] = ()
    count: int = 0


@dataclass(slots=True, kw_only=True)
class Stream:
    """The chunks of a request, in order and each once. `next` is the index that is due."""

    attempt: int = 0
    next: int = 0
    count: int = 0
    _held: dict[int, Chunk] = field(default_factory=dict[int, Chunk])

    @property
    def is_whole(self) -> bool:
        """Whether nothing is known to be missing."""
        return self.next >= self.count

    @property
    def place(self) -> tuple[int, int]:
        """How far it is; grows with whatever is new."""
        return self.attempt, self.next

    def take(self, pieces: Pieces) -> list[Chunk]:
        """Take what a message tells, and give the chunks whose turn it is."""
        if 0 < pieces.attempt < self.attempt:
            return []
        if pieces.attempt > self.attempt:
            self.attempt, self.next, self.count = pieces.attempt, 0, 0
            self._held.clear()
        told = [chunk.index + 1 for chunk in pieces.chunks]
        self.count = max(self.count, pieces.count, *told)
        due: list[Chunk] = []
        for chunk in pieces.chunks:
            if self.next <= chunk.index < self.next + HELD:
                self._held[chunk.index] = chunk
                due += self._due()
        return due

    def _due(self) -> list[Chunk]:
        due: list[Chunk] = []
        while (chunk := self._held.pop(self.next, None)) is not None:
            due.append(chunk)
            self.next += 1
        return due


def read_pieces(document: Mapping[str, Any]) -> Pieces | None:
    """Read what a message tells of chunks; raises Malformed."""
    if "attempt" not in document and "chunks" not in document:
        return None
    attempt = read_count(document, "attempt") if "attempt" in document else 0
    if document["type"] == "chunk":
        return Pieces(attempt=attempt, chunks=(_chunk(document, attempt),))
    count = read_count(document, "chunks") if "chunks" in document else 0
    page = read_object(document, "chunk_page") if "chunk_page" in document else None
    if page is None:
        return Pieces(attempt=attempt, count=count)
    owner = read_count(page, "attempt")
    return Pieces(attempt=owner, chunks=_page(page, owner), count=count if owner == attempt else 0)


def _page(page: Mapping[str, Any], attempt: int) -> tuple[Chunk, ...]:
    entries: object = page.get("chunks")
    if not isinstance(entries, list):
        raise Malformed("a page of chunks has no chunks")
    return tuple(
        _chunk(read_object({"chunk": entry}, "chunk"), attempt)
        for entry in cast("list[object]", entries)
    )


def _chunk(document: Mapping[str, Any], attempt: int) -> Chunk:
    if "data" not in document:
        raise Malformed("a chunk has no data")
    return Chunk(data=document["data"], index=read_count(document, "chunk_index"), attempt=attempt)
