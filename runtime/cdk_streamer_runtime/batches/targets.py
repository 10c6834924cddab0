"""Whom items are published to: a queue, a function, or what their author does with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.batches.item import BatchItem, BatchRun
from cdk_streamer_runtime.batches.world import Platform, Rejected
from cdk_streamer_runtime.contract.batches import BatchSettings
from cdk_streamer_runtime.contract.sinks import KEY_ATTRIBUTE
from cdk_streamer_runtime.documents import decode, encode
from cdk_streamer_runtime.errors import AwsError, Fatal, StepFailed
from cdk_streamer_runtime.outgoing import Message, Outbox, group_of, text_of


class QueueTarget:
    """A queue, of whichever region its client is; also that of a sink, which reads the key."""

    def __init__(self, aws: Aws, settings: BatchSettings, platform: Platform) -> None:
        """Take the client of the queue's region."""
        self._settings = settings
        self._outbox = Outbox(aws, settings.target_address or "", platform)

    def publish(
        self, items: Sequence[BatchItem], run: BatchRun, delay: int | None
    ) -> Mapping[str, Rejected]:
        """Send a message for each; its body is the item's data."""
        del run
        rejected: dict[str, Rejected] = {}
        messages: list[Message] = []
        sent: list[str] = []
        for item in items:
            try:
                messages.append(self._message(item, delay))
            except (TypeError, ValueError, RecursionError) as error:
                rejected[item.id] = Rejected(str(error), for_good=True)
            else:
                sent.append(item.id)
        for unsent in self._outbox.send(messages):
            rejected[sent[unsent.place]] = Rejected(unsent.code, for_good=unsent.refused)
        return rejected

    def _message(self, item: BatchItem, delay: int | None) -> Message:
        settings = self._settings
        fifo = settings.target_fifo
        return Message(
            body=text_of(item.data),
            attributes={KEY_ATTRIBUTE: item.key},
            group=group_of(item.data, settings.target_ordered_by, "all") if fifo else None,
            deduplication=item.key if fifo else None,
            delay=delay or None,
        )


class AuthorsTarget:
    """The author's own `publish`, which returns the ids that were not taken."""

    def __init__(self, publish: Callable[[Sequence[BatchItem], BatchRun], object]) -> None:
        """Take the function."""
        self._publish = publish

    def publish(
        self, items: Sequence[BatchItem], run: BatchRun, delay: int | None
    ) -> Mapping[str, Rejected]:
        """Call the function."""
        del delay
        ids = rejected_ids(self._publish(items, run), {item.id for item in items}, "publish")
        return {id: Rejected("rejected by publish") for id in ids}


class FunctionTarget:
    """A function that is asked and waited for, within an invocation that is not durable."""

    def __init__(self, aws: Aws, arn: str) -> None:
        """Take a client with patience."""
        self._aws = aws
        self._path = f"/2015-03-31/functions/{quote(arn, safe='')}/invocations"

    def ask(self, question: Mapping[str, Any]) -> Any:  # noqa: ANN401 - what it answers
        """Invoke it; raises StepFailed."""
        try:
            body = encode(question).encode()
            return decode(self._aws.rest("lambda", "POST", self._path, body=body))
        except AwsError as error:
            raise StepFailed(f"the function failed with {error.code}") from error
        except ValueError as error:
            raise StepFailed(f"the function's answer is no JSON: {error}") from None


def rejected_ids(answer: Any, known: set[str], who: str) -> Sequence[str]:  # noqa: ANN401 - theirs
    """Read what was not taken; raises Fatal for what cannot be that."""
    if answer is None:
        return ()
    if isinstance(answer, (str, bytes, Mapping)) or not isinstance(answer, Iterable):
        kind: str = type(answer).__name__  # pyright: ignore[reportUnknownArgumentType]
        raise Fatal(
            f"{who} must return the ids that it could not publish, or nothing, got a {kind}"
        )
    ids: list[Any] = list(answer)  # pyright: ignore[reportUnknownArgumentType]
    for id in ids:
        if not isinstance(id, str):  # what it is may be an item with all of its data
            raise Fatal(f"{who} must return ids, which are texts, got a {type(id).__name__}")
        if id not in known:
            raise Fatal(f"{who} returned {id[:100]!r}, which is the id of none of its items")
    return list(dict.fromkeys(ids))  # twice named, it failed once


def functions_answer(answer: Any, known: set[str]) -> Sequence[str]:  # noqa: ANN401 - theirs
    """Read a function's answer: `{"failed": [...]}`, the ids alone, or nothing."""
    if not isinstance(answer, dict):
        return rejected_ids(answer, known, "the function")
    told: dict[str, Any] = answer  # pyright: ignore[reportUnknownVariableType]
    if told and "failed" not in told:
        # What tells something else may be about failures: it must not count as a success.
        raise Fatal(
            f"the function's answer has no 'failed', but {sorted(told)[:5]!r}; return "
            '{"failed": ids}, the ids alone, or nothing'
        )
    return rejected_ids(told.get("failed"), known, "the function")
