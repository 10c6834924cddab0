"""What a template says of other resources, as texts in which their ids can be found again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

_ID = re.compile("⟦(.+?)⟧")


class References:
    """Reads values of one stack's template; `exports` are the ids that stacks before it export."""

    def __init__(self, stack: str, exports: Mapping[str, str]) -> None:
        self._stack = stack
        self._exports = exports

    def text(self, value: object) -> str:
        """Give a value as text, each reference as its id in brackets."""
        match value:
            case {"Ref": str(name)}:
                return f"⟦{self._stack}/{name}⟧"
            case {"Fn::GetAtt": [str(name), str()]}:
                return f"⟦{self._stack}/{name}⟧"
            case {"Fn::ImportValue": str(name)}:
                return self._exports.get(name, name)
            case {"Fn::Join": object()}:
                separator, parts = cast("dict[str, tuple[str, list[object]]]", value)["Fn::Join"]
                return separator.join(map(self.text, parts))
            case dict():
                # Select, Split and the like cut one reference out of a text.
                parts = cast("dict[str, object]", value).values()
                return "".join(self.text(part) for part in parts)
            case list():
                return "".join(self.text(part) for part in cast("list[object]", value))
            case _:
                return str(value)

    def id(self, value: object) -> str:
        """Give the id of the resource that a value is about; of one brought, its name."""
        return id_in(self.text(value))

    def ids(self, value: object) -> list[str]:
        """Give the ids of all resources that a value refers to."""
        return _ID.findall(self.text(value))


def id_in(text: str) -> str:
    """Give the last reference in a text, or the name at the end of an ARN, URL or path."""
    found: list[str] = [
        each for each in _ID.findall(text) if not each.partition("/")[2].startswith("AWS::")
    ]
    if found:
        return found[-1]
    arn = re.fullmatch(r"arn:[^:]*:dynamodb:[^:]*:[^:]*:table/([^/]+)(/.*)?", text)
    return arn[1] if arn else re.split(r"[/:]", text)[-1]


def exports_of(
    stack: str, outputs: Mapping[str, Any], exports: Mapping[str, str]
) -> dict[str, str]:
    """Give what a stack exports, by the names that others import it by."""
    references = References(stack, exports)
    return {
        output["Export"]["Name"]: references.text(output["Value"])
        for output in outputs.values()
        if isinstance(output.get("Export", {}).get("Name"), str)
    }
