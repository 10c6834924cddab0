"""One HTTP request for timers, as API Gateway's REST APIs hand it over.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import unquote

from cdk_streamer_runtime.documents import decode_strictly
from cdk_streamer_runtime.exchange import body_of, is_json
from cdk_streamer_runtime.timers.faults import Fault, Malformed, TooLarge, UnsupportedBody
from cdk_streamer_runtime.timers.rest.body import id_rule, is_timer_id
from cdk_streamer_runtime.timers.schedules.moments import moment
from cdk_streamer_runtime.timers.service.conditions import Conditions

_INTEGER = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
_LONGEST_VALUE = 4_096

Lines = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is asked. Header names are in lower case; values of headers and query are lists."""

    method: str
    resource: str
    path: Mapping[str, str]
    query: Lines
    headers: Lines
    body: bytes

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """Read an event of payload format 1.0; raises Malformed for a body that is not Base64."""
        try:
            body = body_of(event)
        except ValueError:
            raise Malformed([Fault(pointer="", detail="is not Base64")]) from None
        path: Mapping[str, str] = event.get("pathParameters") or {}
        return cls(
            method=event["httpMethod"],
            resource=event["resource"],
            # Encoded as the client sent it on AWS, decoded by others; an id has no percent sign.
            path={name: unquote(value) for name, value in path.items()},
            query=_lines(event, "multiValueQueryStringParameters", "queryStringParameters"),
            headers=_headers(event),
            body=body,
        )

    @property
    def id(self) -> str:
        """The timer in the path; raises Malformed for what can be none."""
        text = self.path.get("id", "")
        if is_timer_id(text):
            return text
        raise Malformed([Fault(parameter="id", detail=id_rule(text))])

    @property
    def conditions(self) -> Conditions:
        """The preconditions; raises Malformed."""
        get = self.headers.get
        return Conditions.of_headers(get("if-match", ()), get("if-none-match", ()))

    def document(self, longest: int) -> Any:  # noqa: ANN401 - JSON is any of six types
        """Read the body; raises UnsupportedBody, TooLarge and Malformed."""
        content_type = ",".join(self.headers.get("content-type", ())) or None
        if not is_json(content_type):
            raise UnsupportedBody(content_type)
        if len(self.body) > longest:
            detail = f"must have at most {longest} bytes, has {len(self.body)}"
            raise TooLarge([Fault(pointer="", detail=detail)])
        try:
            return decode_strictly(self.body.decode())
        except UnicodeDecodeError:
            detail = "is not UTF-8"
        except ValueError as error:
            detail = f"is not JSON that can be read in one way only: {error}"
        raise Malformed([Fault(pointer="", detail=detail)])


class Query:
    """The parameters of a URL, each known and there once."""

    def __init__(self, call: Call, *names: str) -> None:
        """Take those that a route knows."""
        self._faults: list[Fault] = []
        self._values: dict[str, str] = {}
        for name, values in call.query.items():
            if name not in names:
                self.fault(name[:64], f"is not known here; known: {', '.join(names) or 'none'}")
            elif len(values) != 1:
                self.fault(name, "is there several times")
            elif not 0 < len(values[0]) <= _LONGEST_VALUE:
                self.fault(name, f"must have 1 to {_LONGEST_VALUE} characters")
            else:
                self._values[name] = values[0]

    def check(self) -> None:
        """Raise Malformed with all that was wrong so far."""
        if self._faults:
            raise Malformed(self._faults)

    def text(self, name: str) -> str | None:
        """Give a parameter as it is, None if it is not there."""
        return self._values.get(name)

    def integer(self, name: str, low: int, high: int, default: int) -> int:
        """Give a number."""
        text = self._values.get(name)
        if text is None:
            return default
        if not _INTEGER.fullmatch(text) or not low <= int(text) <= high:
            self.fault(name, f"must be an integer from {low} to {high}, got {text[:64]!r}")
            return default
        return int(text)

    def choice(self, name: str, *choices: str) -> str | None:
        """Give one of several texts."""
        text = self._values.get(name)
        if text is not None and text not in choices:
            self.fault(name, f"must be one of {', '.join(choices)}, got {text[:64]!r}")
        return text

    def moment(self, name: str, default: int) -> int:
        """Give a moment in seconds."""
        try:
            return default if name not in self._values else moment(self._values[name])
        except ValueError as error:
            self.fault(name, str(error))
            return default

    def fault(self, name: str, detail: str) -> None:
        """Remember what is wrong with a parameter."""
        self._faults.append(Fault(parameter=name, detail=detail))


def _headers(event: Mapping[str, Any]) -> Lines:
    """Give the lines of each header, however its name was written each time."""
    found: dict[str, list[str]] = {}
    for name, lines in _lines(event, "multiValueHeaders", "headers").items():
        found.setdefault(name.lower(), []).extend(lines)
    return found


def _lines(event: Mapping[str, Any], several: str, single: str) -> dict[str, Sequence[str]]:
    lines: Mapping[str, Sequence[str]] | None = event.get(several)
    if lines is not None:
        return {name: list(values) for name, values in lines.items()}
    values: Mapping[str, str] = event.get(single) or {}
    return {name: [value] for name, value in values.items()}
