"""What reading a record costs, by source, beside what plain JSON parsing of it costs.

python -m benchmarks.streams_sources

All in one run, turn by turn, so that what else the machine does weighs on each alike: read the
ratios. With `orjson` in the environment the decoder that a user can bring is measured too.
"""

from __future__ import annotations

import importlib
import json
import statistics
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.place import NOWHERE
from cdk_streamer_runtime.streams.sources.alarms import from_sns_alarm, to_sns_alarm_records
from cdk_streamer_runtime.streams.sources.cron import from_cron, to_cron_event
from cdk_streamer_runtime.streams.sources.dynamodb import from_dynamodb
from cdk_streamer_runtime.streams.sources.dynamodb_records import to_dynamodb_records
from cdk_streamer_runtime.streams.sources.eventbridge import from_eventbridge, to_eventbridge_event
from cdk_streamer_runtime.streams.sources.kinesis import from_kinesis, to_kinesis_records
from cdk_streamer_runtime.streams.sources.s3 import (
    from_s3,
    from_sqs_sns_s3,
    to_s3_records,
    to_sqs_sns_s3_records,
)
from cdk_streamer_runtime.streams.sources.sns import (
    from_sns,
    from_sqs_sns,
    to_sns_records,
    to_sqs_sns_records,
)
from cdk_streamer_runtime.streams.sources.sqs import from_sqs, to_sqs_records
from cdk_streamer_runtime.streams.uow import unit_of_work

RECORDS = 500
ROUNDS = 41
Work = Callable[[], object]


def thing(number: int) -> dict[str, Any]:
    """Give an entity of the size that services send."""
    name = f"00000000-0000-4000-8000-{number:012}"
    return {
        "id": name,
        "name": f"Thing number {number}",
        "description": "A text of some length that describes the thing, in some words. " * 2,
        "status": "active",
        "quantity": number,
        "price": number + 0.25,
        "owner": {"id": name, "name": "Some Owner", "email": "owner@example.com"},
        "labels": ["alpha", "beta", "gamma"],
    }


def events() -> list[dict[str, Any]]:
    """Give events that each source can carry."""
    return [
        {
            "id": f"00000000-0000-4000-9000-{number:012}",
            "type": "thing-updated",
            "timestamp": 1_700_000_000_000 + number,
            "partitionKey": f"thing-{number}",
            "tags": {"account": "dev", "region": "us-east-1", "stage": "dev", "source": "things"},
            "thing": thing(number),
        }
        for number in range(RECORDS)
    ]


def changes() -> list[dict[str, Any]]:
    """Give changes of items."""
    items = [
        {"pk": str(n), "sk": "thing", "discriminator": "thing", **thing(n)} for n in range(RECORDS)
    ]
    return [{"raw": {"new": item, "old": {**item, "status": "draft"}}} for item in items]


def objects() -> list[dict[str, Any]]:
    """Give what happened to objects."""
    return [
        {"object": {"bucket": "things", "key": f"a/{n}", "size": n, "sequencer": f"{n:018X}"}}
        for n in range(RECORDS)
    ]


def alarms() -> list[dict[str, Any]]:
    """Give changes of alarms."""
    arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:high"
    return [
        {"timestamp": n, "alarm": {"name": "high", "arn": arn, "state": "OK"}}
        for n in range(RECORDS)
    ]


def drain(outcomes: Iterator[object]) -> None:
    """Read all of them."""
    for _ in outcomes:
        pass


def each(read: Callable[[Any], Iterator[object]], records: list[Any]) -> Work:
    """Read what comes one by one."""

    def work() -> None:
        for record in records:
            drain(read(record))

    return work


def parsing(texts: list[bytes] | list[str]) -> Work:
    """Parse the payloads and nothing else."""

    def work() -> None:
        for text in texts:
            json.loads(text)

    return work


def a_loop(records: list[Any]) -> Work:
    """Decode the data of records and nothing else, as a loop by hand does."""

    def work() -> None:
        for record in records:
            json.loads(b64decode(record["kinesis"]["data"]))

    return work


def texts(records: list[Any]) -> list[str]:
    """Give the JSON of what comes already parsed."""
    return [json.dumps(record) for record in records]


def sources() -> dict[str, tuple[Work, Work]]:
    """Give each source beside plain parsing of the same payload."""
    sent, changed, happened, rung = events(), changes(), objects(), alarms()
    kinesis, dynamodb, s3 = (
        to_kinesis_records(sent),
        to_dynamodb_records(changed),
        to_s3_records(happened),
    )
    sqs, sns, queued = to_sqs_records(sent), to_sns_records(sent), to_sqs_sns_records(sent)
    nested, told = to_sqs_sns_s3_records(happened), to_sns_alarm_records(rung)
    bus, times = [to_eventbridge_event(event) for event in sent], [to_cron_event()] * RECORDS
    data = [b64decode(record["kinesis"]["data"]) for record in kinesis["Records"]]
    bodies = [record["body"] for record in sqs["Records"]]
    found = {
        "kinesis": (lambda: drain(from_kinesis(kinesis)), parsing(data)),
        "kinesis, base64 both": (lambda: drain(from_kinesis(kinesis)), a_loop(kinesis["Records"])),
        "dynamodb, two images": (
            lambda: drain(from_dynamodb(dynamodb)),
            parsing(texts([record["dynamodb"] for record in dynamodb["Records"]])),
        ),
        "sqs": (lambda: drain(from_sqs(sqs)), parsing(bodies)),
        "sns": (lambda: drain(from_sns(sns)), parsing(bodies)),
        "sns in sqs": (
            lambda: drain(from_sqs_sns(queued)),
            parsing([record["body"] for record in queued["Records"]]),
        ),
        "s3": (lambda: drain(from_s3(s3)), parsing(texts(s3["Records"]))),
        "s3 in sns in sqs": (
            lambda: drain(from_sqs_sns_s3(nested)),
            parsing([record["body"] for record in nested["Records"]]),
        ),
        "eventbridge": (each(from_eventbridge, bus), parsing(texts(bus))),
        "cron": (each(from_cron, times), parsing(texts(times))),
        "alarm in sns": (
            lambda: drain(from_sns_alarm(told)),
            parsing([record["Sns"]["Message"] for record in told["Records"]]),
        ),
    }
    if find_spec("orjson"):
        loads = importlib.import_module("orjson").loads
        found["kinesis, by orjson"] = (
            lambda: drain(from_kinesis(kinesis, decode=loads)),
            found["kinesis"][1],
        )
    return found


def values() -> dict[str, tuple[Work, Work]]:
    """Give what a unit of work costs, beside a copy of the dict that it would be otherwise."""
    whole = events()
    made = [Event(event) for event in whole]
    units = [unit_of_work(event, event, NOWHERE).extend(key="one") for event in made]
    scopes = [{"record": event, "event": event, "key": "one"} for event in whole]

    def copied() -> None:
        for scope in scopes:
            _ = {**scope, "update_request": 1}

    def extended() -> None:
        for unit in units:
            unit.extend(update_request=1)

    def begun() -> None:
        for event in made:
            unit_of_work(event, event, NOWHERE)

    def frozen() -> None:
        for event in whole:
            Event(event)

    return {
        "an event of a dict": (frozen, copied),
        "a unit of work": (begun, copied),
        "one step more": (extended, copied),
    }


def measure(pairs: dict[str, tuple[Work, Work]]) -> dict[str, tuple[float, float]]:
    """Give the microseconds of CPU a record of each, the median of rounds taken in turn."""
    times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in pairs}
    for _ in range(ROUNDS):
        for name, pair in pairs.items():
            for work, taken in zip(pair, times[name], strict=True):
                began = time.process_time_ns()
                work()
                taken.append((time.process_time_ns() - began) / 1_000 / RECORDS)
    return {name: (statistics.median(a), statistics.median(b)) for name, (a, b) in times.items()}


def main() -> None:
    """Print both tables."""
    for title, other, pairs in (
        ("source, us CPU a record", "json.loads", sources()),
        ("value, us CPU each", "dict copy", values()),
    ):
        print(f"{title:<28} {'ours':>8} {other:>12} {'ratio':>8}")
        for name, (ours, plain) in measure(pairs).items():
            print(f"{name:<28} {ours:>8.2f} {plain:>12.2f} {ours / plain:>8.2f}")
        print()


if __name__ == "__main__":
    main()
