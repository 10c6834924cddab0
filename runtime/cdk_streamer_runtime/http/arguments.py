"""What stands beside a body: query parameters, and headers that mean something here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn, Self
from urllib.parse import parse_qsl

from cdk_streamer_runtime.contract import WAIT_SECONDS, ErrorCode
from cdk_streamer_runtime.errors import Rejection
from cdk_streamer_runtime.exchange import is_json
from cdk_streamer_runtime.http.exchange import HttpRequest
from cdk_streamer_runtime.http.problems import UnsupportedBody
from cdk_streamer_runtime.keys import is_request_id

_INTEGER = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_LONGEST_VALUE = 2_048
# RFC 9651, 3.3.3: a string in quotes, where only they and the backslash are escaped.
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_PREFERENCE = re.compile(r'\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)\s*(?:=\s*("[^"]*"|[^\s;,"]*))?')


class Query:
    """The parameters of a URL, each known and there once."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    @classmethod
    def of(cls, request: HttpRequest, *names: str) -> Self:
        """Read those that a route knows; raises Rejection that names the one that is wrong."""
        if _PERCENT.search(request.query):
            _refuse("the query string is not percent-encoded")
        try:
            pairs = parse_qsl(
                request.query, keep_blank_values=True, errors="strict", max_num_fields=16
            )
        except ValueError:
            _refuse("the query string is not UTF-8, or has too many parameters")
        values: dict[str, str] = {}
        for name, value in pairs:
            if name not in names:
                known = ", ".join(names) or "none"
                _refuse(f"query parameter {name[:64]!r} is not known here; known: {known}")
            if name in values:
                _refuse(f"query parameter {name!r} is there twice")
            if not value or len(value) > _LONGEST_VALUE:
                _refuse(f"query parameter {name!r} must have 1 to {_LONGEST_VALUE} characters")
            values[name] = value
        return cls(values)

    def text(self, name: str) -> str | None:
        """Give a parameter as it is, None if it is not there."""
        return self._values.get(name)

    def integer(self, name: str, low: int, high: int = 2**53) -> int | None:
        """Give a number, None if it is not there; raises Rejection."""
        text = self._values.get(name)
        if text is None:
            return None
        if not _INTEGER.fullmatch(text) or not low <= int(text) <= high:
            _refuse(f"query parameter {name!r} must be an integer from {low} to {high}")
        return int(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What RFC 7240's `Prefer` header wishes; what it says otherwise is ignored, as it wants."""

    wait: int | None = None
    respond_async: bool = False

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """Read the header; `wait` is in seconds, WAIT_SECONDS at most."""
        wishes: dict[str, str] = {}
        for part in request.headers.get("prefer", "").split(","):
            wish = _PREFERENCE.match(part)
            if wish:
                # The first one counts where a preference is there twice.
                wishes.setdefault(wish[1].lower(), (wish[2] or "").strip('"'))
        wait = wishes.get("wait", "")
        return cls(
            wait=min(int(wait), WAIT_SECONDS) if _INTEGER.fullmatch(wait) else None,
            respond_async="respond-async" in wishes,
        )


def idempotency_key(request: HttpRequest) -> str | None:
    """Give the id of a request from its header; raises Rejection for what cannot be one."""
    text = request.headers.get("idempotency-key")
    if text is None:
        return None
    quoted = _QUOTED.fullmatch(text.strip())
    key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else text.strip()
    if not is_request_id(key):
        _refuse("Idempotency-Key must be a request id, bare or in quotes")
    return key


def check_json(request: HttpRequest) -> None:
    """Let a body pass that says it is JSON in UTF-8; raises UnsupportedBody."""
    content_type = request.headers.get("content-type")
    if not is_json(content_type):
        raise UnsupportedBody(content_type)


def _refuse(text: str) -> NoReturn:
    raise Rejection(ErrorCode.VALIDATION_ERROR, text)
