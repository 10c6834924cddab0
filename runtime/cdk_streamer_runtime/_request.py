"""One call of AWS, before it is signed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from cdk_streamer_runtime import _faults as faults
from cdk_streamer_runtime._http import Target
from cdk_streamer_runtime._services import Service
from cdk_streamer_runtime.errors import AwsError, Throttled, Unreachable


class Request(NamedTuple):
    """One call; each attempt signs it anew. `service` is one that speaks JSON, or None."""

    signing_name: str
    operation: str
    method: str
    target: Target
    headers: Mapping[str, str]
    body: bytes
    parameters: Mapping[str, object] | None
    service: Service | None = None

    def may_repeat(self, error: AwsError) -> bool:
        """Tell whether another attempt is wanted, if there is time."""
        if isinstance(error, Unreachable):
            return error.code != faults.UNTRUSTED
        if isinstance(error, Throttled) and self.signing_name == "execute-api":
            return False
        return faults.is_passing(error)
