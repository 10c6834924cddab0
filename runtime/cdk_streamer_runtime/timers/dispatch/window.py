"""One minute of a shard, from the table to the queue.

Pages are streamed, for a minute may have a million timers. What was sent is remembered every so
many messages, so that whoever comes after a crash repeats no more than those.
"""

from __future__ import annotations

import logging

from cdk_streamer_runtime.contract import MAX_DELAY_SECONDS
from cdk_streamer_runtime.errors import AwsError, StreamerError
from cdk_streamer_runtime.timers.dispatch.lease import Lease
from cdk_streamer_runtime.timers.dispatch.outbox import Outbox
from cdk_streamer_runtime.timers.table.pages import Page, Pages
from cdk_streamer_runtime.timers.table.persistence import persistently
from cdk_streamer_runtime.timers.table.rows import Found, Partition, Reader, unreadable
from cdk_streamer_runtime.timers.table.shards import Cursor
from cdk_streamer_runtime.timers.world import Platform

logger = logging.getLogger(__name__)

CURSOR = 500  # messages
AT_ONCE = 8  # partitions that are read at once; a page has up to a megabyte
LEFT_BEHIND = 8  # partitions, at most: with more the table itself is in trouble
ATTEMPTS = 3
PAUSE = 500  # milliseconds before a partition that was left behind is tried again


class OutOfTime(StreamerError):
    """The lease or the process ends; whoever comes next goes on from the cursor."""


class Window:
    """Reads and sends one window. `cursor` is how far it has come for good."""

    def __init__(self, lease: Lease, pages: Pages, outbox: Outbox, platform: Platform) -> None:
        """Begin where somebody else may have stopped."""
        self._lease = lease
        self._pages = pages
        self._outbox = outbox
        self._platform = platform
        self._start = lease.window
        self.cursor = lease.cursor
        self._after = self.cursor.after
        self._open = dict(self.cursor.open)

    def run(self) -> None:
        """Send all of it; raises AwsError, FiringsUnsent, Fenced and OutOfTime."""
        waiting = self._partitions()
        left: list[Partition] = []
        for start in range(0, len(waiting), AT_ONCE):
            several = waiting[start : start + AT_ONCE]
            pages = self._platform.each(self._first_page, several)
            left += [
                partition
                for partition, page in zip(several, pages, strict=True)
                if not self._is_read(partition, page)
            ]
        if left:
            self._flush_and_save()
        for partition in left:
            self._read_again(partition)
        self._flush()

    def _partitions(self) -> list[Partition]:
        """Give what is left to read.

        A class that was registered after somebody's first look at the registry is no loss where
        the cursor has passed it: whoever put timers there saw the claim, and sent by himself.
        """
        shard = self._lease.shard
        partitions, strange = persistently(
            self._platform, lambda: self._pages.partitions(shard, self._start)
        )
        for item in strange:
            logger.error("class unreadable", extra={"key": item.get("sk", {}).get("S")})
            self._outbox.reject(unreadable(item))
        return [each for each in partitions if each.pk > self._after or each.pk in self._open]

    def _first_page(self, partition: Partition) -> Page | AwsError:
        return self._page(partition, self._open.get(partition.pk))

    def _page(self, partition: Partition, after: str | None) -> Page | AwsError:
        try:
            return self._pages.page(partition, self._start, after)
        except AwsError as error:
            return error

    def _is_read(self, partition: Partition, page: Page | AwsError) -> bool:
        """Send a partition from this page on; tell whether that was possible."""
        self._after = max(self._after, partition.pk)
        self._open.setdefault(partition.pk, None)
        reader = Reader(partition, self._lease.shard, self._start)
        while isinstance(page, Page):
            self._take(reader, partition, page)
            if page.last is None:
                del self._open[partition.pk]
                self._look_at_the_clock()
                return True
            self._open[partition.pk] = page.last
            self._look_at_the_clock()
            page = self._page(partition, page.last)
        logger.warning("partition left behind", extra={"key": partition.pk, "code": page.code})
        if len(self._open) > LEFT_BEHIND:
            self._flush()
            raise page
        return False

    def _read_again(self, partition: Partition) -> None:
        for attempt in range(ATTEMPTS):
            self._platform.sleep(max(int(self._platform.uniform() * PAUSE * 2**attempt), 1))
            page = self._first_page(partition)
            if self._is_read(partition, page):
                return
        raise OutOfTime(f"partition {partition.pk!r} could not be read")

    def _take(self, reader: Reader, partition: Partition, page: Page) -> None:
        now = self._platform.clock()
        furthest = now // 1000 + MAX_DELAY_SECONDS
        outbox, pk = self._outbox, partition.pk
        for item in page.items:
            try:
                found = reader.read(item, now)
            except (KeyError, TypeError, ValueError) as error:
                kind = type(error).__name__
                logger.error("row unreadable", extra={"key": pk, "error": kind})  # noqa: TRY400 - its text quotes
                outbox.reject(unreadable(item))
                found = Found(())
            if any(firing.fire_at > furthest for firing in found.firings):
                # Its jitter was allowed with a shorter look-ahead, which holds for it still.
                self._flush()
                raise OutOfTime("no message can be delayed for so long")
            if len(outbox) + len(found.firings) > CURSOR:
                self._flush_and_save()
            outbox.add(found)
            self._open[pk] = item["sk"]["S"]

    def _look_at_the_clock(self) -> None:
        if self._lease.is_over:
            raise OutOfTime("the next tick goes on")
        if self._lease.is_ending:
            self._flush_and_save()

    def _flush_and_save(self) -> None:
        self._flush()
        self._lease.save(self.cursor)

    def _flush(self) -> None:
        self._outbox.flush(self._lease.until)
        self.cursor = Cursor(window=self._start, after=self._after, open=dict(self._open))
