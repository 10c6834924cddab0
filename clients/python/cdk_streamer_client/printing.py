"""What a call prints for programs: results, messages and chunks on stdout."""

from __future__ import annotations

import json
import sys

from cdk_streamer_client.chunks import Chunk


def print_json(document: object, indent: int | None = None) -> None:
    """Print a document; letters that the output cannot take are escaped."""
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    if not _fits(text):
        text = json.dumps(document, indent=indent)
    print(text, flush=True)  # noqa: T201 - what was asked for


class ChunkPrinter:
    """Prints chunks as they come: text as it is, and anything else as a line of JSON."""

    def __init__(self) -> None:
        self._is_in_line = False

    def show(self, chunk: Chunk) -> None:
        """Print a chunk."""
        if chunk.index == 0:
            self.end()
        if isinstance(chunk.data, str):
            text = (
                chunk.data if _fits(chunk.data) else chunk.data.encode("ascii", "replace").decode()
            )
            print(text, end="", flush=True)  # noqa: T201 - what was asked for
            self._is_in_line = not text.endswith("\n")
        else:
            self.end()
            print_json(chunk.data)

    def end(self) -> None:
        """End the line that was begun."""
        if self._is_in_line:
            print(flush=True)  # noqa: T201 - what was asked for
            self._is_in_line = False


def _fits(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # not every terminal and no file takes every letter
        return False
    return True
