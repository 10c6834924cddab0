"""The fault queue: what waits there, and giving it to its functions again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.documents import encode
from cdk_streamer_runtime.errors import AwsError, FunctionFailed
from cdk_streamer_runtime.streams.claims.claim import ClaimCheck, ClaimRefused
from cdk_streamer_runtime.streams.claims.unpacking import redeem
from cdk_streamer_runtime.streams.faults.parked import NotAFault, Parked
from cdk_streamer_runtime.streams.faults.resubmission import (
    RECORDS,
    Found,
    Invocation,
    invocations,
)
from cdk_streamer_runtime.streams.json_text import Json, is_object

# Longer than a function runs, and than an operator looks at a list.
_HIDDEN_SECONDS = 60 * 60
_WAIT_SECONDS = 2
_MESSAGES = 10
_ROUND = 200  # messages that are held at once
_REASON = 300


class Outcome(StrEnum):
    """What became of a parked fault."""

    RESUBMITTED = "resubmitted"  # and its message deleted
    PLANNED = "planned"  # it would have been
    FAILED = "failed"  # it waits on
    REFUSED = "refused"  # it cannot be resubmitted, and waits on


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of a message; without a fault if it is none."""

    message: str
    outcome: Outcome
    reason: str = ""
    fault: Parked | None = None


Chosen = Callable[[Parked], bool]


@dataclass(slots=True)
class FaultQueue:
    """One fault queue, as an operator sees it. What is looked at is hidden until `release`."""

    aws: Aws
    url: str
    _held: dict[str, str] = field(default_factory=dict[str, str])

    def faults(self, *, limit: int | None = None) -> Iterator[Parked | Result]:
        """Give what waits, each once; a message that is no fault is a result that says so."""
        seen = set[str]()
        while limit is None or len(seen) < limit:
            most = _MESSAGES if limit is None else min(_MESSAGES, limit - len(seen))
            messages = self._receive(most)
            if not messages:
                return
            for message in messages:
                name = message["MessageId"]
                self._held[name] = message["ReceiptHandle"]
                if name not in seen:
                    seen.add(name)
                    yield _read(message)

    def resubmit(
        self,
        chosen: Chosen,
        *,
        limit: int | None = None,
        records: int = RECORDS,
        function: str | None = None,
        everywhere: bool = False,
        dry: bool = False,
    ) -> Iterator[Result]:
        """Give chosen faults' records to their functions, or to `function`; tell of each.

        They are for the pipelines that they hit, or for all if `everywhere`. At most `limit` faults
        are resubmitted. A message is deleted only when the function has answered that its record
        is done.
        """
        changes: dict[str, Any] = {} if function is None else {"function": function}
        changes |= {"pipelines": []} if everywhere else {}
        left = limit
        waiting: list[Parked] = []
        earlier = set[str]()
        for each in self.faults():
            if isinstance(each, Result):
                yield each
            elif each.id in earlier:
                # What fails again is here again at once, and would be for ever.
                yield _result(each, Outcome.FAILED, "its record was resubmitted just now")
            elif chosen(each):
                waiting.append(replace(each, fault={**each.fault, **changes}))
                left = None if left is None else left - 1
            if len(waiting) >= _ROUND or left == 0:
                yield from self._round(waiting, records=records, dry=dry)
                earlier |= {parked.id for parked in waiting}
                waiting = []
            if left == 0:
                return
        yield from self._round(waiting, records=records, dry=dry)

    def release(self) -> None:
        """Let others see what is left."""
        held, self._held = self._held, {}
        for receipt in held.values():
            parameters = {"QueueUrl": self.url, "ReceiptHandle": receipt, "VisibilityTimeout": 0}
            try:
                self.aws.call("sqs", "ChangeMessageVisibility", parameters)
            except AwsError:
                continue  # it is seen again by itself

    def _receive(self, most: int) -> list[dict[str, Any]]:
        parameters = {
            "QueueUrl": self.url,
            "MaxNumberOfMessages": most,
            "VisibilityTimeout": _HIDDEN_SECONDS,
            "WaitTimeSeconds": _WAIT_SECONDS,
        }
        return self.aws.call("sqs", "ReceiveMessage", parameters).get("Messages") or []

    def _round(self, faults: Sequence[Parked], *, records: int, dry: bool) -> Iterator[Result]:
        found: list[Found] = []
        for parked in faults:
            try:
                found.append(Found(parked, self._record(parked)))
            except (AwsError, ClaimRefused) as error:
                yield _result(parked, Outcome.REFUSED, str(error))
        for invocation in invocations(found, records=records):
            if dry:
                yield from _planned(invocation)
            else:
                yield from self._invoke(invocation)

    def _record(self, parked: Parked) -> Json:
        if parked.obstacle is not None:
            raise ClaimRefused(parked.obstacle)
        original = parked.original
        record = parked.fault["record"] if original is None else _document(original, self.aws)
        if not is_object(record):
            raise ClaimRefused("its record is no object, so no source of ours has written it")
        return record

    def _invoke(self, invocation: Invocation) -> Iterator[Result]:
        path = f"/2015-03-31/functions/{quote(invocation.function, safe='')}/invocations"
        headers = {"content-type": "application/json", "x-amz-invocation-type": "RequestResponse"}
        body = encode(invocation.event).encode()
        try:
            answer = _answer(self.aws.rest("lambda", "POST", path, body=body, headers=headers))
        except FunctionFailed:
            yield from _all(invocation, f"{invocation.function} failed; its log tells why")
            return
        except AwsError as error:
            yield from _all(invocation, f"{invocation.function} could not be called: {error}")
            return
        failed = invocation.failed(answer)
        reason = _reason(answer)
        for number, faults in enumerate(invocation.faults):
            for parked in faults:
                if number in failed:
                    yield _result(parked, Outcome.FAILED, reason)
                else:
                    yield self._done(parked)

    def _done(self, parked: Parked) -> Result:
        receipt = self._held.pop(parked.message, parked.receipt)
        parameters = {"QueueUrl": self.url, "ReceiptHandle": receipt}
        try:
            self.aws.call("sqs", "DeleteMessage", parameters)
        except AwsError as error:
            reason = f"its record is done, but the message could not be deleted: {error}"
            return _result(parked, Outcome.FAILED, reason)
        return _result(parked, Outcome.RESUBMITTED)


def _read(message: dict[str, Any]) -> Parked | Result:
    try:
        return Parked.read(message)
    except NotAFault as error:
        return Result(message=message["MessageId"], outcome=Outcome.REFUSED, reason=str(error))


def _document(original: ClaimCheck, aws: Aws) -> Json:
    # What is found was checked by its digest, so it is what a function of ours wrote.
    return json.loads(redeem(original, aws))


def _answer(body: bytes) -> Json:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return ""  # no answer of ours: nothing is done


def _reason(answer: Json) -> str:
    told = answer.get("errorMessage") if is_object(answer) else None
    if isinstance(told, str):
        kind = answer.get("errorType")
        return f"the function failed with {kind}: {told[:_REASON]}"
    return "the function answered that the record has to come again"


def _planned(invocation: Invocation) -> Iterator[Result]:
    return (_result(each, Outcome.PLANNED) for faults in invocation.faults for each in faults)


def _all(invocation: Invocation, reason: str) -> Iterator[Result]:
    for faults in invocation.faults:
        for parked in faults:
            yield _result(parked, Outcome.FAILED, reason)


def _result(parked: Parked, outcome: Outcome, reason: str = "") -> Result:
    return Result(message=parked.message, outcome=outcome, reason=reason, fault=parked)
