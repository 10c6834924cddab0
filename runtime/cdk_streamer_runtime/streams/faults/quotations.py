"""Texts that may quote what is redacted: of errors above all, whole or in part."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

MASK = "[redacted]"
_SHORT = 6  # shorter values are words of every second text
_LONG = 4096  # no text quotes the whole of it
_RUN = 8  # characters of a value that no text has by chance
_VALUES, _CHARACTERS = 200, 64 * 1024
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
        kept = sorted(
            {value for value in values if len(value) > 1}, key=lambda value: (len(value), value)
        )
        self._long = [value for value in kept if len(value) >= _SHORT]
        whole = [value for value in self._long if len(value) <= _LONG][:_VALUES]
        short = [value for value in kept if len(value) < _SHORT][:_VALUES]
        self._whole = _any_of(whole)
        self._words = _any_of(short, r"(?<!\w)(?:", r")(?!\w)")
        self._runs: frozenset[str] | None = None

    def out_of_data(self, text: str) -> str:
        """Give a text of a document without the values."""
        return text if self._whole is None else self._whole.sub(MASK, text)

    def out_of_message(self, text: str) -> str:
        """Give a message without the values, parts of them, and credentials of any kind."""
        text = _CREDENTIALS.sub(MASK, text)
        text = self.out_of_data(text)
        if self._words is not None:
            text = self._words.sub(MASK, text)
        return self._without_parts(text)

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


def _runs(text: str) -> Iterable[str]:
    return (text[at : at + _RUN] for at in range(len(text) - _RUN + 1))


def _any_of(values: list[str], begin: str = "(?:", end: str = ")") -> re.Pattern[str] | None:
    # As it is, as Python's errors show it and as JSON has it.
    forms = {
        form for value in values for form in (value, repr(value)[1:-1], json.dumps(value)[1:-1])
    }
    if not forms:
        return None
    longest_first = sorted(forms, key=lambda form: (-len(form), form))
    return re.compile(f"{begin}{'|'.join(map(re.escape, longest_first))}{end}")
