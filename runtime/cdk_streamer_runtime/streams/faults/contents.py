"""What a record carries: the JSON documents that are written as text within it."""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Iterator

from cdk_streamer_runtime.contract.streams import FAULT_TYPE
from cdk_streamer_runtime.streams.json_text import Json, decode_json, is_object


def is_fault(record: Json) -> bool:
    """Tell whether a record carries a fault, which must never become another one."""
    return any(
        is_object(document) and FAULT_TYPE in {document.get("type"), document.get("detail-type")}
        for document in _documents(record)
    )


def read_text(text: Json) -> Json:
    """Give the object or list that a text is the JSON of; None when it is none."""
    if not isinstance(text, str) or text.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        return decode_json(text)
    except (ValueError, RecursionError):
        return None


def read_base64(text: Json) -> Json:
    """Give the object or list that is there in base64; None when it is none."""
    if not isinstance(text, str):
        return None
    try:
        return read_text(a2b_base64(text).decode())
    except ValueError:
        return None


def _documents(record: Json) -> Iterator[Json]:
    if not is_object(record):
        return
    yield record
    kinesis, notification = record.get("kinesis"), record.get("Sns")
    found = [read_text(record.get("body"))]
    found += [read_base64(kinesis.get("data"))] if is_object(kinesis) else []
    found += [notification] if is_object(notification) else []
    for document in found:
        yield document
        # An envelope of EventBridge has its event in `detail`, one of SNS in `Message`.
        if is_object(document):
            yield document.get("detail")
            yield read_text(document.get("Message"))
