"""Wakes the dispatcher of each shard, twice a minute, and tells how far the slowest has come."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract.timers import TimerMetric
from cdk_streamer_runtime.errors import AwsError, Throttled
from cdk_streamer_runtime.timers.table.shards import Shards
from cdk_streamer_runtime.timers.world import Meter, Platform

logger = logging.getLogger(__name__)

DELAYS = (0, 30)  # seconds
BATCH = 10
READ_AT_ONCE = 100
ATTEMPTS = 4
PAUSE = 200  # milliseconds


class Ticker:
    """Sends a message for each shard at once, and another one for half a minute later."""

    def __init__(
        self,
        aws: Aws,
        *,
        queue_url: str,
        shards: Shards,
        names: Sequence[str],
        look_ahead: int,
        platform: Platform,
        metrics: Meter,
    ) -> None:
        """Take the dispatch queue and the shards' names; `look_ahead` is in seconds."""
        self._aws = aws
        self._url = queue_url
        self._shards = shards
        self._names = names
        self._look_ahead = look_ahead
        self._platform = platform
        self._metrics = metrics

    def tick(self) -> None:
        """Wake all, then measure; raises AwsError when some could not be woken."""
        ticks = [(name, delay) for delay in DELAYS for name in self._names]
        batches = [ticks[start : start + BATCH] for start in range(0, len(ticks), BATCH)]
        errors = [error for error in self._platform.each(self._sent, batches) if error]
        self._measure()
        if errors:
            raise errors[0]

    def _sent(self, ticks: list[tuple[str, int]]) -> AwsError | None:
        """Send a batch, again what was not taken; give what it failed with in the end."""
        entries: list[dict[str, Any]] = [
            {"Id": str(index), "MessageBody": f'{{"shard":"{name}"}}', "DelaySeconds": delay}
            for index, (name, delay) in enumerate(ticks)
        ]
        error: AwsError | None = None
        for attempt in range(ATTEMPTS):
            if attempt:
                longest = PAUSE << attempt
                self._platform.sleep(max(int(self._platform.uniform() * longest), 1))
            try:
                answer = self._aws.call(
                    "sqs", "SendMessageBatch", {"QueueUrl": self._url, "Entries": entries}
                )
            except AwsError as failure:
                error = failure
                continue
            failed = {entry["Id"] for entry in answer.get("Failed", [])}
            if not failed:
                return None
            entries = [entry for entry in entries if entry["Id"] in failed]
            error = Throttled("TicksRefused", "", 0, "SendMessageBatch")
        return error

    def _measure(self) -> None:
        """Tell how many seconds the slowest shard is behind; one that nobody came to has none."""
        names = self._names
        chunks = [names[at : at + READ_AT_ONCE] for at in range(0, len(names), READ_AT_ONCE)]
        now = self._platform.clock()
        try:
            found = [
                done
                for each in self._platform.each(self._shards.done_until, chunks)
                for done in each
            ]
        except AwsError as error:
            # No value is one too: the alarm takes missing ones for a breach.
            logger.warning("watermark not measured", extra={"code": error.code})
            return
        slowest = min(found, default=now // 1000 + self._look_ahead)
        lag = now / 1000 + self._look_ahead - slowest
        self._metrics.seconds(TimerMetric.WATERMARK_LAG, max(lag, 0))
