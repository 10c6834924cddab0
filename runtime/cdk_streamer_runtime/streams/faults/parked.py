"""A parked fault: a message of the fault queue, read, and the record that it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cdk_streamer_runtime.contract.streams import FAULT_TYPE
from cdk_streamer_runtime.streams.claims.claim import CLAIM, ClaimCheck
from cdk_streamer_runtime.streams.event import LAST_TIMESTAMP
from cdk_streamer_runtime.streams.json_text import Json, Malformed, decode_json, is_list, is_object


class NotAFault(Malformed):
    """A message of the fault queue that is no fault of ours, or lacks what we need of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A fault in the queue. `receipt` is what the message is deleted by."""

    message: str
    receipt: str
    fault: Mapping[str, Any]

    @classmethod
    def read(cls, message: Mapping[str, Any]) -> Parked:
        """Read a message as SQS gives it; raises NotAFault."""
        return cls(
            message=message["MessageId"],
            receipt=message["ReceiptHandle"],
            fault=_fault(message.get("Body", "")),
        )

    @property
    def id(self) -> str:
        """The fault's id: the same for the same record and error."""
        return self.fault["id"]

    @property
    def function(self) -> str:
        """Who could not do it, and can be asked again; a name or an ARN."""
        return self.fault["function"]

    @property
    def source(self) -> str:
        """What the record comes from."""
        return self.fault["source"]

    @property
    def pipelines(self) -> tuple[str, ...]:
        """Which pipelines it hit; none: the record could not be read, and so it hit all."""
        return tuple(self.fault["pipelines"])

    @property
    def error(self) -> str:
        """The error's name."""
        return self.fault["err"]["name"]

    @property
    def text(self) -> str:
        """The error's text."""
        return self.fault["err"]["message"]

    @property
    def time(self) -> datetime:
        """When it was published."""
        return datetime.fromtimestamp(self.fault["timestamp"] / 1000, UTC)

    @property
    def original(self) -> ClaimCheck | None:
        """Where the record is, if it is not in the fault as it was; raises ClaimRefused."""
        original = self.fault.get("original")
        if original is None:
            return None
        return ClaimCheck.read(original.get(CLAIM) if is_object(original) else None)

    @property
    def obstacle(self) -> str | None:
        """Why the record cannot be given to anybody again; None if it can."""
        if not self.function:
            return "the fault does not say whose it is; name the function"
        if self.fault.get("original") is not None:
            return None
        if self.fault.get("omitted"):
            return "its record was too large for the fault, and there is no bucket that has it"
        if self.fault.get("redacted"):
            return "its record is redacted, and there is no bucket that has the original"
        return None


def _fault(body: str) -> Mapping[str, Any]:
    try:
        document = decode_json(body)
    except (ValueError, RecursionError):
        raise NotAFault("the message is no JSON") from None
    # A rule sends the envelope; one with `$.detail` as its input, what is in it.
    fault = (
        document.get("detail") if is_object(document) and "detail-type" in document else document
    )
    if not is_object(fault) or fault.get("type") != FAULT_TYPE:
        raise NotAFault(f"the message is no event of type {FAULT_TYPE!r}")
    kinds: dict[str, type] = {"id": str, "timestamp": int, "err": dict, "pipelines": list}
    kinds |= {"function": str, "source": str}
    wrong = [name for name, kind in kinds.items() if type(fault.get(name)) is not kind]
    wrong += [name for name in ("name", "message") if not _has_text(fault.get("err"), name)]
    wrong += [] if "record" in fault else ["record"]
    wrong += [] if _are_texts(fault.get("pipelines")) else ["pipelines"]
    wrong += [] if _is_moment(fault.get("timestamp")) else ["timestamp"]
    if wrong:
        listed = ", ".join(dict.fromkeys(wrong))
        raise NotAFault(f"the fault lacks what ours have: {listed}")
    return fault


def _has_text(value: Json, name: str) -> bool:
    return is_object(value) and isinstance(value.get(name), str)


def _are_texts(value: Json) -> bool:
    return is_list(value) and all(isinstance(each, str) for each in value)


def _is_moment(value: Json) -> bool:
    # What datetime takes ends with the year 9999.
    return isinstance(value, int) and 0 <= value <= min(LAST_TIMESTAMP, 253_402_300_799_999)
