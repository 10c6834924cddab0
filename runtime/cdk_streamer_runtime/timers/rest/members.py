"""The members of a JSON object, read one by one: what is wrong is remembered, not raised."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

from cdk_streamer_runtime.timers.faults import Fault

T = TypeVar("T")

_SHOWN = 64
_LONGEST_NAME = 128


class Members:
    """An object at a place of the body. Null stands for a member that is not there."""

    def __init__(
        self,
        value: object,
        faults: list[Fault],
        known: Iterable[str],
        *,
        pointer: str = "",
        ignored: Iterable[str] = (),
    ) -> None:
        """Take the value and where faults are remembered: it may be no object at all."""
        self.faults = faults
        self.pointer = pointer
        self._values: Mapping[str, Any] = {}
        self.is_object = isinstance(value, dict)
        if not self.is_object:
            self.fault(None, f"must be an object, got {_shown(value)}")
            return
        self._values = cast("dict[str, Any]", value)
        names = sorted(known)
        expected = {*names, *ignored}
        for name in self._values:
            if name not in expected:
                self.fault(name, f"is not known here; known: {', '.join(names)}")

    def __contains__(self, name: str) -> bool:
        """Tell whether a member is there."""
        return self._values.get(name) is not None

    def get(self, name: str) -> Any:  # noqa: ANN401 - JSON is any of six types
        """Give a member as it is."""
        return self._values.get(name)

    def at(self, name: str) -> str:
        """Give the pointer of a member; that of the object for a name that is too long to tell."""
        if len(name) > _LONGEST_NAME:
            return self.pointer
        return f"{self.pointer}/{name.replace('~', '~0').replace('/', '~1')}"

    def fault(self, name: str | None, detail: str) -> None:
        """Remember what is wrong with a member, or with the object."""
        pointer = self.pointer if name is None else self.at(name)
        self.faults.append(Fault(pointer=pointer, detail=detail))

    def require(self, name: str, meaning: str) -> None:
        """Remember a member that is not there; of what is no object that says nothing."""
        if self.is_object and name not in self:
            self.fault(name, f"is missing: {meaning}")

    def object(self, name: str, *known: str) -> Members:
        """Give an object in a member; without the member it is empty."""
        value = self._values.get(name)
        return Members(
            {} if value is None else value,
            self.faults,
            known,
            pointer=self.at(name),
        )

    def integer(self, name: str, low: int, high: int) -> int | None:
        """Give a number, as JSON Schema has integers: 5.0 is one."""
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.fault(name, f"must be an integer from {low} to {high}, got {_shown(value)}")
            return None
        return value

    def text(self, name: str, longest: int) -> str | None:
        """Give a text that says something."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or not 0 < len(value) <= longest:
            self.fault(name, f"must be a text of 1 to {longest} characters, got {_shown(value)}")
            return None
        return value

    def choice(self, name: str, *choices: str) -> str | None:
        """Give one of several texts."""
        value = self._values.get(name)
        if value is None:
            return None
        if value not in choices:
            self.fault(name, f"must be one of {', '.join(choices)}, got {_shown(value)}")
            return None
        return str(value)

    def parsed(self, name: str, longest: int, parse: Callable[[str], T]) -> T | None:
        """Give what a text means to `parse`, which raises ValueError for one that means nothing."""
        text = self.text(name, longest)
        if text is None:
            return None
        try:
            return parse(text)
        except ValueError as error:
            self.fault(name, str(error))
            return None


def _shown(value: object) -> str:
    match value:
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case dict():
            return "an object"
        case list():
            return "a list"
        case int() if value.bit_length() > _SHOWN:
            return "a number beyond all bounds"
        case str() if len(value) > _SHOWN:
            return f"{value[:_SHOWN]!r} and more"
        case _:
            return repr(value)
