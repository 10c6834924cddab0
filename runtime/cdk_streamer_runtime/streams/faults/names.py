"""Names and paths of what is redacted, and whether a place in a document is one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import translate
from typing import Self

_PART = re.compile(r"[^.\s]+")
_WILDCARD = "*"


@dataclass(frozen=True, slots=True)
class Names:
    """Names, or paths of names: `card.number` is every `number` in any `card`.

    A `*` stands for any characters of one name. Case does not matter, and lists are passed
    through: an entry is named as its list is.
    """

    exact: dict[str, tuple[tuple[str, ...], ...]]
    patterns: tuple[tuple[re.Pattern[str], ...], ...]

    @classmethod
    def of(cls, paths: Iterable[str]) -> Self:
        """Read them; raises ValueError for what is no path."""
        exact: dict[str, tuple[tuple[str, ...], ...]] = {}
        patterns: list[tuple[re.Pattern[str], ...]] = []
        for path in [paths] if isinstance(paths, str) else paths:
            parts = tuple(_part(part, path) for part in path.split("."))
            if any(_WILDCARD in part for part in parts):
                patterns.append(tuple(re.compile(_regex(part)) for part in parts))
            else:
                exact[parts[-1]] = (*exact.get(parts[-1], ()), parts[:-1])
        return cls(exact, tuple(patterns))

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        return bool(self.exact or self.patterns)

    def has(self, path: tuple[str, ...]) -> bool:
        """Tell whether the place is one of them; names of it are in lower case."""
        parents = self.exact.get(path[-1], ())
        return any(not above or path[:-1][-len(above) :] == above for above in parents) or any(
            len(path) >= len(pattern)
            and all(
                part.fullmatch(name)
                for part, name in zip(pattern, path[-len(pattern) :], strict=True)
            )
            for pattern in self.patterns
        )


def _part(part: str, path: str) -> str:
    if not _PART.fullmatch(part):
        raise ValueError(
            f"redact must have names or paths such as 'card.number' or '*_token', got {path!r}"
        )
    return part.casefold()


def _regex(part: str) -> str:
    # Of fnmatch's signs only the star is one here.
    return translate(re.sub(r"[?\[]", r"[\g<0>]", part))
