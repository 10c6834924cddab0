"""What a call prints for programs: results, messages and chunks on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from cdk_streamer_client.chunks import Chunk

WIDTH = 100


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


class ChunkLines:
    """Gives chunks as lines, for a screen on which something else moves below them."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._text = ""

    def show(self, chunk: Chunk) -> None:
        """Take a chunk, and give the lines that are whole."""
        if chunk.index == 0:
            self.end()
        if not isinstance(chunk.data, str):
            self.end()
            self._note(json.dumps(chunk.data, ensure_ascii=False))
            return
        self._text += chunk.data
        while (line := _line_of(self._text)) is not None:
            self._note(line.rstrip("\n"))
            self._text = self._text[len(line) :].removeprefix(" ")

    def end(self) -> None:
        """Give the rest."""
        if self._text:
            self._note(self._text)
            self._text = ""


def _line_of(text: str) -> str | None:
    """Give the first line of a text, broken where words end; None when it may still grow."""
    line, newline, _ = text.partition("\n")
    if len(line) <= WIDTH:
        return line + newline if newline else None
    return line[: line.rfind(" ", 0, WIDTH) if " " in line[:WIDTH].strip() else WIDTH]


def _fits(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # not every terminal and no file takes every letter
        return False
    return True
