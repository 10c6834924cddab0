"""SNS in memory: topics that keep what was published to them, over forms and XML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.memory.refusals import Refusals

ENTRIES = 10
BYTES = 256 * 1024
_ENTRY = "PublishBatchRequestEntries.member."


def topic_arn(name: str) -> str:
    """Give the name of a topic as AWS has it."""
    return f"arn:aws:sns:memory:000000000000:{name}"


class MemoryTopics:
    """Topics by name. `refusals` lets a test refuse the next messages."""

    def __init__(self, names: Iterable[str]) -> None:
        self.refusals = Refusals()
        self._messages: dict[str, list[dict[str, str]]] = {name: [] for name in names}
        self._known: set[tuple[str, str]] = set()

    def messages(self, topic: str) -> list[dict[str, str]]:
        """Give all messages of a topic, in their order, by the names of the form."""
        return [dict(message) for message in self._messages[topic]]

    def rest(self, body: bytes) -> bytes:
        """Answer a form; raises AwsError."""
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        if form.get("Action") != "PublishBatch":
            raise NotImplementedError(f"SNS' {form.get('Action')} is not known to MemoryAws")
        topic = form["TopicArn"].rpartition(":")[2]
        if topic not in self._messages:
            raise aws_error("NotFound", "Topic does not exist", 404, "PublishBatch")
        entries: dict[str, dict[str, str]] = {}
        for name, value in form.items():
            if name.startswith(_ENTRY):
                number, _, member = name.removeprefix(_ENTRY).partition(".")
                entries.setdefault(number, {})[member] = value
        if not 1 <= len(entries) <= ENTRIES:
            raise aws_error("TooManyEntriesInBatchRequest", "1 to 10 entries", 400, "PublishBatch")
        if sum(len(entry["Message"].encode()) for entry in entries.values()) > BYTES:
            raise aws_error("BatchRequestTooLong", "too long", 400, "PublishBatch")
        return _document([self._publish(topic, entry) for entry in entries.values()])

    def _publish(self, topic: str, entry: Mapping[str, str]) -> dict[str, Any]:
        code = self.refusals.take()
        is_fifo = topic.endswith(".fifo")
        if code is None and is_fifo and "MessageGroupId" not in entry:
            code = "InvalidParameter"
        if code is not None:
            sender = "true" if code.startswith("Invalid") else "false"
            return {"Id": entry["Id"], "Code": code, "Message": code, "SenderFault": sender}
        known = (topic, entry.get("MessageDeduplicationId", ""))
        if not is_fifo or known not in self._known:
            self._known.add(known)
            self._messages[topic].append({**entry})
        return {"Id": entry["Id"], "MessageId": f"message-{len(self._messages[topic])}"}


def _document(results: list[dict[str, Any]]) -> bytes:
    def section(kind: str, members: list[dict[str, Any]]) -> str:
        texts = ["".join(f"<{name}>{value}</{name}>" for name, value in m.items()) for m in members]
        return f"<{kind}>{''.join(f'<member>{text}</member>' for text in texts)}</{kind}>"

    taken = [result for result in results if "Code" not in result]
    failed = [result for result in results if "Code" in result]
    content = section("Successful", taken) + section("Failed", failed)
    return (
        '<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">'
        f"<PublishBatchResult>{content}</PublishBatchResult></PublishBatchResponse>"
    ).encode()
