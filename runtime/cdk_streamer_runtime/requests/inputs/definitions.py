"""The `$defs` of a JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Callable

Document = dict[str, object]


class Definitions:
    """Gives each class one name, so that a schema can refer to it, also from within itself."""

    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}
        self._references: dict[type, Document] = {}

    def root(self, class_: type) -> None:
        """Make a class the schema's own root."""
        self._references[class_] = {"$ref": "#"}

    def reference(self, class_: type, document: Callable[[Definitions], Document]) -> Document:
        """Refer to a class; `document` is called when it is referred to for the first time."""
        if class_ not in self._references:
            name = self._free_name(re.sub(r"\W", "_", class_.__name__, flags=re.ASCII))
            self._references[class_] = {"$ref": f"#/$defs/{name}"}
            self.documents[name] = {}
            self.documents[name] = document(self)
        return self._references[class_]

    def _free_name(self, name: str) -> str:
        free, number = name, 2
        while free in self.documents:
            free, number = f"{name}{number}", number + 1
        return free
