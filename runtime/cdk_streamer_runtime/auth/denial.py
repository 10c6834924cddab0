"""Why a connection is refused: for the log and the tests, never for the client."""

from __future__ import annotations

import traceback
from enum import StrEnum
from pathlib import Path

from cdk_streamer_runtime.errors import StreamerError


class Reason(StrEnum):
    """Every reason to refuse; fixed words, so that no log line can carry text of a token."""

    NO_CREDENTIAL = "no credential"
    SEVERAL_CREDENTIALS = "several credentials"
    BAD_CREDENTIAL = "unreadable credential"
    QUERY_TOKEN = "token in the query string"  # noqa: S105 - words for the log
    SIZE = "token too large"
    FORM = "not a compact token"
    HEADER = "header not accepted"
    TYPE = "token type not accepted"
    ALGORITHM = "algorithm not accepted"
    CLAIMS = "claims unreadable"
    ISSUER = "issuer not accepted"
    AUDIENCE = "audience not accepted"
    SUBJECT = "subject not accepted"
    DATES = "dates not accepted"
    EXPIRED = "token expired"
    NOT_YET_VALID = "token not valid yet"
    NOT_ACCESS_TOKEN = "not an access token"  # noqa: S105 - likewise
    TENANT = "tenant not accepted"
    SCOPES = "scopes not accepted"
    UNKNOWN_KEY = "unknown key"
    KEYS_UNAVAILABLE = "keys unavailable"
    SIGNATURE = "wrong signature"
    TICKETS = "tickets not accepted"
    TICKET_FORM = "not a ticket"
    TICKET = "ticket unknown, used or expired"


class Denied(StreamerError):
    """The caller may not connect."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def describe(fault: Exception) -> dict[str, str]:
    """Tell the log what broke and where, without its text: errors quote what they were given."""
    frame = traceback.extract_tb(fault.__traceback__)[-1]
    return {
        "error": type(fault).__name__,
        "place": f"{Path(frame.filename).name}:{frame.lineno}",
    }
