"""Preconditions of a write: If-Match and If-None-Match, as RFC 9110 has them.

https://www.rfc-editor.org/rfc/rfc9110#section-13
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from cdk_streamer_runtime.timers.faults import Fault, Malformed, PreconditionFailed

ANY = "*"
_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_BLANK, _MARK = " \t", "\0"
_LONGEST = 4_096


def etag(revision: int) -> str:
    """Write the tag of a revision."""
    return f'"{revision}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Which revisions may be written over, by their tags; None: whatever there is."""

    if_match: frozenset[str] | None = None
    if_none_match: frozenset[str] | None = None

    @classmethod
    def of_headers(cls, if_match: Sequence[str], if_none_match: Sequence[str]) -> Self:
        """Read the lines of both headers; raises Malformed that names each one that is wrong."""
        faults: list[Fault] = []
        found: list[frozenset[str] | None] = []
        for name, lines in (("If-Match", if_match), ("If-None-Match", if_none_match)):
            try:
                found.append(tags(",".join(lines)) if lines else None)
            except ValueError as error:
                faults.append(Fault(header=name, detail=str(error)))
        if faults:
            raise Malformed(faults)
        return cls(if_match=found[0], if_none_match=found[1])

    def check(self, revision: int | None) -> None:
        """Raise PreconditionFailed unless they hold for what is there; None: nothing is."""
        if self.if_match is not None and not self._matches(revision):
            there = "there is no timer" if revision is None else f"it is {etag(revision)}"
            raise PreconditionFailed(f"If-Match does not name what is there: {there}")
        if self.if_none_match is None or revision is None:
            return
        # Weak tags compare as equal here, but not in If-Match: section 13.1.2.
        strong = {tag.removeprefix("W/") for tag in self.if_none_match}
        if strong & {ANY, etag(revision)}:
            raise PreconditionFailed(f"If-None-Match names what is there: it is {etag(revision)}")

    def _matches(self, revision: int | None) -> bool:
        tags = self.if_match or frozenset()
        return revision is not None and (ANY in tags or etag(revision) in tags)


def tags(text: str) -> frozenset[str]:
    """Read a list of tags; raises ValueError."""
    if text.strip(_BLANK) == ANY:
        return frozenset({ANY})
    found = _TAG.findall(text[:_LONGEST])
    between = {part.strip(_BLANK) for part in _TAG.sub(_MARK, text[:_LONGEST]).split(",")}
    if len(text) > _LONGEST or _MARK in text or between - {"", _MARK} or not found:
        raise ValueError('must be * or tags in double quotes, such as "1700000000000"')
    return frozenset(found)


UNCONDITIONAL = Conditions()
