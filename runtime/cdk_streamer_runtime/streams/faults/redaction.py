"""Redaction: faults without the values of the fields that nobody but their owner may see.

What is redacted in one place is so everywhere in the fault: in the record as its source wrote it,
JSON in texts and base64 included, in what the steps made of it, and in the texts of errors.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from cdk_streamer_runtime.documents import encode
from cdk_streamer_runtime.streams.claims.compression import COMPRESSED, is_marker
from cdk_streamer_runtime.streams.faults.contents import read_base64, read_text
from cdk_streamer_runtime.streams.faults.names import Names
from cdk_streamer_runtime.streams.faults.quotations import MASK, Quotations
from cdk_streamer_runtime.streams.json_text import Json, is_list, is_object

_DEPTH = 100
# Members of requests and responses that a step may have put into its scope.
_KEYS = (
    *("authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "api_key"),
    *("x-amz-security-token", "password", "secret_key", "secret_access_key", "session_token"),
)
_Path = tuple[str, ...]
_NOTHING = Quotations(())


@dataclass(frozen=True, slots=True)
class Redaction:
    """What is redacted: names and paths. Default: nothing but what opens doors.

    Records are then whole, so that they can be resubmitted from the fault itself.
    """

    names: Names = field(default_factory=lambda: Names.of(()))
    scope: Names = field(default_factory=lambda: Names.of(_KEYS))

    @classmethod
    def of(cls, paths: Iterable[str]) -> Self:
        """Read `email`, `card.number` or `*_token`; raises ValueError for what is no path."""
        listed = [paths] if isinstance(paths, str) else list(paths)
        return cls(Names.of(listed), Names.of((*listed, *_KEYS)))

    def of_fault(self, record: Json, uow: Mapping[str, Any]) -> Redacted:
        """Give what a fault shows of its record and of its unit of work."""
        try:
            return self._searched(record, uow)
        except RecursionError:
            if not self.names:
                return Redacted(record=record, uow={}, changed=False, quotations=_NOTHING)
            return Redacted(record=MASK, uow={}, changed=True, quotations=None)

    def _searched(self, record: Json, uow: Mapping[str, Any]) -> Redacted:
        found = _Pass(self.names, _NOTHING.out_of_data)
        if self.names:
            found.record(record)
        found_in_scope = _Pass(self.scope, _NOTHING.out_of_scope)
        shown_scope = found_in_scope.value(dict(uow), ())
        values = found.values | found_in_scope.values
        if not found.found and not values:
            return Redacted(record=record, uow=shown_scope, changed=False, quotations=_NOTHING)
        quotations = Quotations(values)
        shown = _Pass(self.names, quotations.out_of_data).record(record) if self.names else record
        return Redacted(
            record=shown,
            uow=_Pass(self.scope, quotations.out_of_scope).value(dict(uow), ()),
            changed=shown != record,
            quotations=quotations,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """A record and a unit of work as anybody may see them; `changed`: the record is not whole.

    Without `quotations` nobody knows what is to be redacted, and so texts are, too.
    """

    record: Json
    uow: dict[str, Any]
    changed: bool
    quotations: Quotations | None

    def key(self, text: str) -> str | None:
        """Give a text that identifies something; None if it is one of what is redacted."""
        known = self.quotations
        return text if known is not None and known.out_of_data(text) == text else None

    def message(self, text: str) -> str:
        """Give the text of an error."""
        return MASK if self.quotations is None else self.quotations.out_of_message(text)


class _Pass:
    """Goes through documents, keeps the values of what is named, and gives the rest."""

    def __init__(self, names: Names, clean: Callable[[str], str]) -> None:
        self._names = names
        self._clean = clean
        self.values: set[str] = set()
        self.found = False

    def record(self, record: Json) -> Json:
        """Give a record without them, and without content that nobody can look into."""
        if not is_object(record):
            return self.value(record, ())
        return {name: self._part(name, value) for name, value in record.items()}

    def value(self, value: Json, path: _Path) -> Json:
        """Give a value without them."""
        if len(path) > _DEPTH:
            return self._hidden(value)
        if is_object(value):
            if is_marker(value.get(COMPRESSED)):
                value = {**value, COMPRESSED: self._hidden(value[COMPRESSED])}
            # A value may stand in the place of a name as well: what is kept by mail address.
            return {self._clean(n): self._member(n, each, path) for n, each in value.items()}
        if is_list(value):
            return [self.value(each, path) for each in value]
        if isinstance(value, str):
            return self._text(value, path)
        # A number may be written as a text elsewhere; True and None are as of anybody.
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return MASK if is_number and self._clean(str(value)) == MASK else value

    def _member(self, name: str, value: Json, path: _Path) -> Json:
        below = (*path, name.casefold())
        return self._hidden(value) if self._names.has(below) else self.value(value, below)

    def _text(self, text: str, path: _Path) -> str:
        document = read_text(text)
        if document is None:
            return self._clean(text)
        shown = self.value(document, path)
        return text if shown == document else encode(shown)

    # --- what sources write ---

    def _part(self, name: str, value: Json) -> Json:
        if self._names.has((name.casefold(),)):
            return self._hidden(value)
        if name == "kinesis" and is_object(value):
            return {each: self._kinesis(each, part) for each, part in value.items()}
        if name == "dynamodb" and is_object(value):
            return {each: self._image(each, part) for each, part in value.items()}
        if name == "Sns" and is_object(value):
            return {each: self._notification(each, part) for each, part in value.items()}
        return self._content(value) if name == "body" else self.value(value, (name.casefold(),))

    def _kinesis(self, name: str, value: Json) -> Json:
        if name != "data":
            return self._member(name, value, ("kinesis",))
        document = read_base64(value)
        if document is None:
            return self._hidden(value)
        shown = self.value(document, ())
        if shown == document:
            return value
        return b2a_base64(encode(shown).encode(), newline=False).decode()

    def _notification(self, name: str, value: Json) -> Json:
        return self._content(value) if name == "Message" else self._member(name, value, ("sns",))

    def _content(self, text: Json) -> Json:
        # What a codec of the user's reads, or nobody, may have anything in it.
        return self._hidden(text) if read_text(text) is None else self.value(text, ())

    def _image(self, name: str, value: Json) -> Json:
        if not name.endswith(("Image", "Keys")) or not is_object(value):
            return self._member(name, value, ("dynamodb",))
        return {each: self._attribute(each, part, ()) for each, part in value.items()}

    def _attribute(self, name: str, value: Json, path: _Path) -> Json:
        below = (*path, name.casefold())
        if self._names.has(below) or len(below) > _DEPTH:
            self._hidden(value)
            return {"S": MASK}
        return self._typed(value, below)

    def _typed(self, value: Json, path: _Path) -> Json:
        content: Json = next(iter(value.values()), None) if is_object(value) else None
        if value == {"M": content} and is_object(content):
            return {"M": {self._clean(n): self._attribute(n, content[n], path) for n in content}}
        if value == {"L": content} and is_list(content):
            return {"L": [self._typed(each, path) for each in content]}
        return self.value(value, path)

    def _hidden(self, value: Json) -> str:
        self.found = True
        self.values.update(_leaves(value))
        return MASK


def _leaves(value: Json) -> Iterator[str]:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if is_object(each):
            waiting += each.values()
        elif is_list(each):
            waiting += each
        elif isinstance(each, str):
            yield each
            if (document := read_text(each)) is not None:
                waiting.append(document)
        elif each is not None and not isinstance(each, bool):
            yield str(each)
