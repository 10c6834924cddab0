"""A client's wish to connect, as it came: which API and stage, with which headers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from websockets.http11 import Request

from cdk_streamer_local.gateway.client import Pairs

_PATH = re.compile(r"/_aws/execute-api/(?P<api>[^/?]+)(?:/(?P<stage>[^/?]*)/?)?")
_DEFAULT_STAGE = "$default"
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
HEAD_BYTES = 10_240
URL_CHARACTERS = 4096
_UPGRADE = re.compile(rb"\r\nupgrade[ \t]*:", re.IGNORECASE)
_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """A handshake's request; names of headers as the client wrote them."""

    api_id: str
    stage: str
    path: str
    query: str
    headers: Pairs

    @classmethod
    def read(cls, request: Request) -> Handshake | None:
        """Give it, unless its path is of no API."""
        path, _, query = request.path.partition("?")
        found = _PATH.fullmatch(path)
        if found is None:
            return None
        return cls(
            api_id=unquote(found["api"]),
            stage=unquote(found["stage"] or "") or _DEFAULT_STAGE,
            path=path,
            query=query,
            headers=tuple(request.headers.raw_items()),
        )

    def header(self, name: str) -> str:
        """Give a header's last value, or an empty text."""
        values = [value for key, value in self.headers if key.lower() == name]
        return values[-1] if values else ""


def is_complete(head: bytes | bytearray) -> bool:
    """Tell whether all headers are there."""
    return _END in head


def is_upgrade(head: bytes | bytearray) -> bool:
    """Tell whether a request wants to be more than one: everything else is plain HTTP."""
    return _UPGRADE.search(head[: head.find(_END)]) is not None
