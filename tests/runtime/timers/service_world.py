"""A world of timers in which they are written: processes of the API, and what lies in the table."""

from __future__ import annotations

from typing import Any

from cdk_streamer_runtime.dynamodb import Table, unmarshal_item
from cdk_streamer_runtime.errors import CONDITION_FAILED, TransactionCancelled
from cdk_streamer_runtime.memory import MemoryAws, QueueSchema
from cdk_streamer_runtime.memory.timers import TABLE as SCHEMA
from cdk_streamer_runtime.timers.definition import Definition
from cdk_streamer_runtime.timers.schedules.cron import Cron
from cdk_streamer_runtime.timers.schedules.schedule import Calendar, Every, Once, Schedule
from cdk_streamer_runtime.timers.sending.sender import Sender
from cdk_streamer_runtime.timers.service.service import TimerService
from cdk_streamer_runtime.timers.table import keys
from cdk_streamer_runtime.timers.table.items import timer_of
from cdk_streamer_runtime.timers.table.shards import Shards
from cdk_streamer_runtime.timers.table.store import TimerStore
from cdk_streamer_runtime.timers.timer import Timer
from tests.runtime.observed_aws import ObservedAws
from tests.runtime.timers.world import DEAD, FIRINGS, MINUTE, TABLE, TICKS, World

LOOK_AHEAD = 180
YOUNG = (LOOK_AHEAD + 120) * 1000


class ServiceWorld(World):
    """One shard, whose dispatcher does what a test says."""

    def __init__(self, *, strict: bool = False) -> None:
        super().__init__()
        self.memory = MemoryAws(
            clock=self.platform.clock,
            tables=[SCHEMA],
            queues=[QueueSchema(name=name) for name in (FIRINGS, DEAD, TICKS)],
        )
        self.aws = ObservedAws(self.memory)
        self.table = Table(self.memory, TABLE)
        self.sender = Sender(self.aws, self.url(FIRINGS), self.url(DEAD), self.platform, self.meter)
        self.strict = strict
        self.service = self.process()

    def process(self) -> TimerService:
        """Give a process of the API, which knows nothing yet."""
        store = TimerStore(Table(self.aws, TABLE), new_token=self.platform.new_id)
        return TimerService(
            store=store,
            sender=self.sender,
            platform=self.platform,
            shards=1,
            look_ahead=LOOK_AHEAD,
            strict=self.strict,
            metrics=self.meter,
        )

    @property
    def now(self) -> int:
        """The second that runs."""
        return self.platform.now // 1000

    def claim(self, until: int, *, done: int | None = None) -> None:
        """Let a dispatcher have claimed, and read, windows up to a second."""
        Shards(self.table).opened("", self.platform.now)
        self.table.update(
            {"pk": "s#", "sk": "shard"},
            "SET claimed_until = :claimed, done_until = :done",
            values={":claimed": until, ":done": until if done is None else done},
        )

    def items(self, prefix: str) -> list[dict[str, Any]]:
        """Give the items of a kind."""
        items = map(unmarshal_item, self.memory.items(TABLE))
        return [item for item in items if item["pk"].startswith(prefix)]

    def rows(self) -> list[dict[str, Any]]:
        """Give all that a dispatcher could find."""
        return self.items("w#") + self.items("d#")

    def stored(self, id: str) -> Timer:
        """Give a timer as it lies there."""
        item = self.table.get({"pk": keys.meta(id).pk, "sk": keys.META})
        assert item is not None
        return timer_of(item)

    def times(self) -> list[int]:
        """Take all that was sent, and give its moments in seconds from the beginning, in order."""
        return sorted(second for second, _ in self.taken())

    def taken(self) -> list[tuple[int, int]]:
        """Take all that was sent, and give its moments and revisions."""
        found = [each["MessageAttributes"] for each in self._all_received()]
        return [
            (
                int(each["fire_key"]["StringValue"].rpartition("/")[2]) - MINUTE,
                int(each["rev"]["StringValue"]),
            )
            for each in found
        ]

    def _all_received(self) -> list[dict[str, Any]]:
        now, self.platform.now = self.platform.now, self.platform.now + 1_000_000
        asked = {
            "QueueUrl": self.url(FIRINGS),
            "MaxNumberOfMessages": 10,
            "MessageAttributeNames": ["All"],
        }
        taken: list[dict[str, Any]] = []
        while found := self.memory.call("sqs", "ReceiveMessage", asked).get("Messages"):
            taken += found
            for each in found:
                self.memory.call(
                    "sqs",
                    "DeleteMessage",
                    {"QueueUrl": self.url(FIRINGS), "ReceiptHandle": each["ReceiptHandle"]},
                )
        self.platform.now = now
        return taken


def every(period: int, phase: int = 0) -> Schedule:
    return Every(period=period, phase=(MINUTE + phase) % period)


def at(second: int) -> Schedule:
    return Once(moment=MINUTE + second)


def cron(expression: str, timezone: str = "UTC") -> Schedule:
    return Calendar(cron=Cron.parse(expression), timezone=timezone)


def timer(schedule: Schedule, id: str = "a", data: str = "null", **more: Any) -> Definition:
    return Definition(id=id, schedule=schedule, data=data, **more)


def conflict() -> TransactionCancelled:
    """Give what another transaction in the way is answered with."""
    error = TransactionCancelled("TransactionCanceledException", "", 400, "TransactWriteItems")
    error.reasons = [{"Code": "TransactionConflict"}]
    return error


def room_is_gone() -> TransactionCancelled:
    """Give what a registration is answered with when there is no room."""
    error = conflict()
    error.reasons = [{"Code": "None"}, {"Code": CONDITION_FAILED}]
    return error
