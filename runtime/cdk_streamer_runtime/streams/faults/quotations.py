"""Texts that may quote what is redacted: of errors above all, whole or in part."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

MASK = "[redacted]"
_SHORT = 6  # shorter values are words of every second text
_LONG = 4096  # characters of a longer value are looked for at once
_RUN = 8  # characters of a value that no text has by chance
_VALUES, _WORDS, _CHARACTERS = 10_000, 200, 64 * 1024
# AWS access keys, and what signs an address.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
_CREDENTIALS = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|(?<=X-Amz-Signature=)[^&\s'\"]+"
    r"|(?<=X-Amz-Credential=)[^&\s'\"]+"
    r"|(?<=X-Amz-Security-Token=)[^&\s'\"]+"
    r"|(?i:(?<=bearer ))[A-Za-z0-9._~+/=-]{8,}"
)


class Quotations:
    """The redacted values of one record, and the same text without them."""

    def __init__(self, values: Iterable[str]) -> None:
        """Take them; what there is too much of is found in part."""
        kept = sorted({value for value in values if len(value) > 1}, key=lambda v: (len(v), v))
        self._long = [value for value in kept if len(value) >= _SHORT]
        self._forms = frozenset(_forms(_parts(self._long[:_VALUES])))
        # Looked up by how they begin, so that a text takes one pass however many there are.
        self._lengths: dict[str, list[int]] = {}
        for length, start in sorted({(len(f), f[:_SHORT]) for f in self._forms}, reverse=True):
            self._lengths.setdefault(start, []).append(length)
        self._words = _words_of(value for value in kept[:_WORDS] if len(value) < _SHORT)
        self._runs: frozenset[str] | None = None

    def out_of_data(self, text: str) -> str:
        """Give a text of a document without the values."""
        if not self._lengths or len(text) < _SHORT:
            return text
        pieces: list[str] = []
        at = end = 0
        while at <= len(text) - _SHORT:
            length = self._length_at(text, at)
            if length:
                pieces += (text[end:at], MASK)
                end = at + length
            at += length or 1
        return "".join(pieces) + text[end:] if pieces else text

    def out_of_scope(self, text: str) -> str:
        """Give a text that a step has made without the values, and without credentials."""
        return self.out_of_data(_CREDENTIALS.sub(MASK, text))

    def out_of_message(self, text: str) -> str:
        """Give a message without the values, parts of them, and credentials of any kind."""
        text = self.out_of_scope(text)
        if self._words is not None:
            text = self._words.sub(MASK, text)
        return self._without_parts(text)

    def _length_at(self, text: str, at: int) -> int:
        lengths = self._lengths.get(text[at : at + _SHORT], ())
        return next((n for n in lengths if text[at : at + n] in self._forms), 0)

    def _without_parts(self, text: str) -> str:
        if self._runs is None:
            self._runs = frozenset(_runs("\0".join(self._long)[:_CHARACTERS]))
        if not self._runs:
            return text
        pieces: list[str] = []
        end = 0
        for at, run in enumerate(_runs(text)):
            if run in self._runs:
                if at > end or not pieces:
                    pieces += (text[end:at], MASK)
                end = at + _RUN
        return "".join(pieces) + text[end:]


def _parts(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        yield from (value[at : at + _LONG] for at in range(0, len(value), _LONG))


def _runs(text: str) -> Iterable[str]:
    return (text[at : at + _RUN] for at in range(len(text) - _RUN + 1))


def _forms(values: Iterable[str]) -> Iterator[str]:
    # As it is, as Python's errors show it and as JSON has it.
    for value in values:
        yield from (value, repr(value)[1:-1], json.dumps(value)[1:-1])


def _words_of(values: Iterable[str]) -> re.Pattern[str] | None:
    longest_first = sorted({*_forms(values)}, key=lambda form: (-len(form), form))
    if not longest_first:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")
