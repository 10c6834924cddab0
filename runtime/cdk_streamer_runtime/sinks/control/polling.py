"""The event source mapping of a sink: whether Lambda takes messages from the queue."""

from __future__ import annotations

import logging
from enum import StrEnum

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.documents import decode, encode
from cdk_streamer_runtime.errors import AwsError

logger = logging.getLogger(__name__)

# Its states, and which of them need no turning. In the others it is being changed by somebody.
# https://docs.aws.amazon.com/lambda/latest/api/API_GetEventSourceMapping.html
_ON = frozenset({"Enabled", "Enabling"})
_OFF = frozenset({"Disabled", "Disabling"})
_BUSY = frozenset({"ResourceInUseException", "ResourceConflictException"})


class Turn(StrEnum):
    """What came of turning it."""

    AS_IT_WAS = "as it was"
    TURNED = "turned"
    BUSY = "busy"  # it is being changed just now, and has to be looked at again


class Polling:
    """One mapping, turned on and off; raises AwsError. It takes up to a minute to follow."""

    def __init__(self, aws: Aws, mapping_id: str) -> None:
        """Take the mapping's id."""
        self._aws = aws
        self._path = f"/2015-03-31/event-source-mappings/{mapping_id}"

    def state(self) -> str:
        """Give its state, in Lambda's words."""
        return str(decode(self._aws.rest("lambda", "GET", self._path)).get("State"))

    def turn(self, *, on: bool) -> Turn:
        """Make it poll, or make it stop."""
        if self.state() in (_ON if on else _OFF):
            return Turn.AS_IT_WAS
        body = encode({"Enabled": on}).encode()
        headers = {"content-type": "application/json"}
        try:
            self._aws.rest("lambda", "PUT", self._path, body=body, headers=headers)
        except AwsError as error:
            if error.code not in _BUSY:
                raise
            return Turn.BUSY
        logger.warning("polling turned", extra={"on": on})
        return Turn.TURNED
