"""One trial of the downstream: the sink is invoked, with a message or to ask by itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract.sinks import MAX_RECEIVES, PROBE_MEMBER, ProbeVerdict
from cdk_streamer_runtime.documents import decode, encode
from cdk_streamer_runtime.errors import AwsError, FunctionFailed, Throttled, Unreachable
from cdk_streamer_runtime.sinks.control.backlog import Backlog
from cdk_streamer_runtime.sinks.control.held import MOST_HELD, Held, HeldMessages
from cdk_streamer_runtime.sinks.world import Platform

logger = logging.getLogger(__name__)

# What is left of a trial's time has to be enough for the function's whole timeout, which is half
# a minute shorter than that of the trial.
BEGUN_WITHIN = 20_000
_SOON = 5_000
_SPARE_SECONDS = 600  # for whoever wakes the controller late
_LAST_BACKOFF = 30  # seconds
_SERVER_FAULT = 500


class Finding(StrEnum):
    """What a trial says of the downstream."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"  # the message said nothing; another one may
    UNTRIED = "untried"  # nothing could be tried; later it may
    NOBODY = "nobody"  # there is no message at all
    LOST = "lost"  # the function may still be trying


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The finding, and in how many milliseconds to come again, if that is known."""

    finding: Finding
    wait: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Whose turn it is, until when it may begin, and how long it and the pause after it take."""

    id: str
    before: int
    seconds: int
    longest_pause_seconds: int


class Prober:
    """Makes trials, one at a time; raises AwsError for all that comes before the invocation."""

    def __init__(
        self,
        invoking: Callable[[], Aws],
        function_arn: str,
        backlog: Backlog,
        held: HeldMessages,
        platform: Platform,
    ) -> None:
        """Take the sink; `invoking` gives a client that never repeats a call."""
        self._invoking = invoking
        self._path = f"/2015-03-31/functions/{quote(function_arn, safe='')}/invocations"
        self._backlog = backlog
        self._held = held
        self._platform = platform

    def probe(self, trial: Trial) -> Found:
        """Ask the sink's own probe, and where there is none let it try one message."""
        answer = self._asked(trial, [])
        if isinstance(answer, Found):
            return answer
        if answer.verdict is not ProbeVerdict.UNKNOWN:
            return _found(answer.verdict)
        message = self._message(trial)
        if isinstance(message, Found):
            return message
        held, record = message
        answer = self._asked(trial, [record])
        if isinstance(answer, Found):
            return answer
        try:
            self._dispose(held, answer)
        except AwsError as error:
            # What the trial has told must not get lost. The message is seen again in time.
            logger.warning("probe not disposed of", extra={"code": error.code})
        return _found(answer.verdict)

    def _message(self, trial: Trial) -> tuple[Held, Mapping[str, Any]] | Found:
        """Give the next message to be tried: a new one, as long as few are held."""
        now = self._platform.clock()
        seconds = trial.seconds + trial.longest_pause_seconds + _SPARE_SECONDS
        usable = self._held.prolonged(now, seconds, trial.seconds)
        held = self._held.all()
        if len(held) < MOST_HELD:
            record = self._backlog.receive(2 * trial.seconds, trial.id)
            if record is not None:
                new = self._held.keep(record, held, now)
                self._held.prolonged(now, seconds, trial.seconds)
                return self._held.tried(new, now), record
        for each in usable:
            record = self._held.record(each)
            if record is not None:
                return self._held.tried(each, now), record
            self._held.release([each])
        return self._nobody()

    def _nobody(self) -> Found:
        # A message that is visible and not to be had stands in a group behind one in flight.
        is_any = any(self._backlog.counts().values())
        return Found(finding=Finding.UNTRIED if is_any else Finding.NOBODY)

    def _asked(self, trial: Trial, records: Sequence[Mapping[str, Any]]) -> _Answer | Found:
        if self._platform.clock() >= trial.before:
            return Found(finding=Finding.UNTRIED, wait=_SOON)
        about = {"trial": trial.id, "before": trial.before}
        body = encode({"Records": records, PROBE_MEMBER: about}).encode()
        try:
            answer = self._invoking().rest("lambda", "POST", self._path, body=body)
        except AwsError as error:
            logger.warning("probe failed", extra={"code": error.code, "status": error.status})
            return Found(finding=_failure(error))
        return _Answer.read(answer)

    def _dispose(self, held: Held, answer: _Answer) -> None:
        """Part with a message that was tried, unless it failed for the downstream's sake."""
        if held.id not in answer.failed:
            self._backlog.delete(held.receipt)
            self._held.forget(held)
        elif answer.verdict is not ProbeVerdict.FAILED:
            self._held.release([held], _backoff(held.receives))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What the sink told: its verdict, and the messages that it has not done."""

    verdict: ProbeVerdict
    failed: frozenset[str]

    @classmethod
    def read(cls, text: bytes) -> _Answer:
        """Read it; one without a verdict says nothing."""
        document: Mapping[str, Any] = decode(text) or {}
        failures: Sequence[Mapping[str, str]] = document.get("batchItemFailures") or ()
        verdict = document.get(PROBE_MEMBER)
        known = verdict in {*ProbeVerdict}
        return cls(
            verdict=ProbeVerdict(verdict) if known else ProbeVerdict.UNKNOWN,
            failed=frozenset(each["itemIdentifier"] for each in failures),
        )


def _backoff(receives: int) -> int:
    """Give the seconds for which a message that said nothing is out of the way.

    In a FIFO queue nobody else of its group can be tried before its last failures are counted.
    """
    return 2**receives if receives < MAX_RECEIVES else _LAST_BACKOFF


def _found(verdict: ProbeVerdict) -> Found:
    return Found(finding=Finding(verdict.value))


def _failure(error: AwsError) -> Finding:
    """Tell what an invocation that failed says: whoever was not reached has said nothing."""
    if isinstance(error, FunctionFailed):
        return Finding.FAILED
    if isinstance(error, Throttled):
        return Finding.UNTRIED
    if isinstance(error, Unreachable) or error.status >= _SERVER_FAULT:
        return Finding.LOST
    return Finding.UNTRIED
