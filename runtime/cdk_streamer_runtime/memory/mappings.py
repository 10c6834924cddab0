"""Event source mappings in memory: turned on and off, and in whatever state a test puts them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from cdk_streamer_runtime.error_codes import aws_error

PATH = re.compile(r"/2015-03-31/event-source-mappings/([^/]+)")
_SETTLED = frozenset({"Enabled", "Disabled"})


def is_mapping(url: str) -> bool:
    """Tell whether a request of Lambda's is about one mapping."""
    return PATH.fullmatch(urlsplit(url).path) is not None


class MemoryMappings:
    """The states of mappings by their ids; all are enabled at first. Nothing is polled.

    A change takes effect at once. As long as a test puts one into any other state than `Enabled`
    and `Disabled`, it refuses changes as Lambda does.
    """

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self.states = dict.fromkeys(ids, "Enabled")

    def rest(self, method: str, url: str, body: bytes) -> bytes:
        """Answer a request; raises AwsError."""
        match = PATH.fullmatch(urlsplit(url).path)
        id = unquote(match[1]) if match else ""
        if id not in self.states:
            raise aws_error("ResourceNotFoundException", "no such mapping", 404, method)
        if method == "PUT":
            if self.states[id] not in _SETTLED:
                raise aws_error("ResourceInUseException", "it is being changed", 400, method)
            enabled = json.loads(body).get("Enabled")
            if enabled is not None:
                self.states[id] = "Enabled" if enabled else "Disabled"
        elif method != "GET":
            raise NotImplementedError(f"{method} of a mapping is not known to MemoryAws")
        return json.dumps({"UUID": id, "State": self.states[id]}).encode()
