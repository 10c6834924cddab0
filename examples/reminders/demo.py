"""The whole example on this machine: a thousand users, one batch, and what the mailer got.

python -m examples.reminders.demo
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from cdk_streamer_local import LocalError, LocalStack
from examples.narration import add_console, console, fail, narrated, stay
from examples.reminders.account import Account, Reminder
from examples.reminders.calendar_server import CalendarServer

FOLDER = Path(__file__).parent
PICTURE = FOLDER / ".cdk-streamer" / "reminders.svg"  # a folder that git ignores
HOME, MAILER = "eu-west-1", "eu-central-1"  # as in app.py
RATE = 200  # a second, as in app.py
USERS = 1_000
UNKNOWN = 666  # the user whom the calendar does not know
PATIENCE = 60  # seconds for a batch
SOON = 2  # seconds
KEY = "cdk-streamer.key"
INTERRUPTED = 130  # what shells give for a command that Ctrl-C ended

T = TypeVar("T")


def main() -> int:
    """Run the demo; gives the exit status: 1 also when report and queue differ."""
    parser = argparse.ArgumentParser(description="remind users by a daily batch, on this machine")
    parser.add_argument("--users", type=int, default=USERS, help="default: %(default)s")
    add_console(parser)
    parser.add_argument("--output", type=Path, default=PICTURE, help="default: %(default)s")
    arguments = parser.parse_args()
    output: Path = arguments.output.resolve()
    output.parent.mkdir(parents=True, exist_ok=True)
    wanted = [f"user-{number:04}" for number in range(1, arguments.users + 1)]
    stack = None
    try:
        with calendar(wanted[UNKNOWN % len(wanted) - 1]):
            stack = LocalStack(FOLDER / "app.py", console=arguments.console)
            with narrated(stack), stack:
                account = run(stack, wanted)
                draw(output)
                stay(arguments)
    except LocalError as error:
        return fail(stack, f"{error.detail}\n{error.cause}".strip(), error.remedy)
    except TimeoutError as error:
        return fail(stack, str(error), "run it when the machine is less busy")
    except KeyboardInterrupt:
        return INTERRUPTED
    status = summarize(account)
    console.print(f"The picture: {output}", soft_wrap=True)
    return status


@contextmanager
def calendar(unknown: str) -> Iterator[None]:
    """Serve the calendar, and say where to the app."""
    server = CalendarServer(unknown=frozenset({unknown}))
    os.environ["CALENDAR"] = server.url
    try:
        yield
    finally:
        server.close()


def run(stack: LocalStack, wanted: list[str]) -> Account:
    """Write the users, let the schedule come, and read the report and the queue."""
    write(stack, wanted)
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=SOON)
    bring_forward(stack, moment)
    batch_id, report = wait("the report", lambda: report_of(stack))
    tell("batch", batch_id)
    again = tell_again(stack, moment)
    tell("told again", f"{again}: the same occurrence is the same batch\n")
    for letter in drain(stack, HOME, stack.outputs["GivenUp"]):
        body = json.loads(letter["Body"])
        tell("given up", f"{body['id']}: {body['reason']}")
    messages = drain(stack, MAILER, stack.outputs["QueueUrl"])
    return Account(
        users=frozenset(wanted), report=report, reminders=[reminder(each) for each in messages]
    )


def write(stack: LocalStack, wanted: list[str]) -> None:
    """Put the users into their table, and one who does not want to be reminded."""
    table = stack.outputs["UsersTable"]
    client = stack.client("dynamodb", region=HOME)
    users = [*((user, True) for user in wanted), ("user-0000", False)]
    entries = [
        {
            "PutRequest": {
                "Item": {
                    "pk": {"S": "users"},
                    "sk": {"S": user},
                    "wants_reminders": {"BOOL": wants},
                }
            }
        }
        for user, wants in users
    ]
    for first in range(0, len(entries), 25):
        client.batch_write_item(RequestItems={table: entries[first : first + 25]})
    tell("written", f"{len(wanted):,} users in {HOME}, the mailer is in {MAILER}")


def bring_forward(stack: LocalStack, moment: datetime) -> None:
    """Let what the daily schedule does happen once more, in a moment."""
    client = stack.client("scheduler", region=HOME)
    daily = client.get_schedule(Name=stack.physical_id("Daily/Starter/Schedule"))
    client.create_schedule(
        Name="today",
        ScheduleExpression=f"at({moment:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=daily["Target"],
    )
    when = daily["ScheduleExpression"]
    tell("scheduled", f"{when}, and once at {moment:%H:%M:%S} for this demo")


def tell_again(stack: LocalStack, moment: datetime) -> str:
    """Tell the starter of the same occurrence, as a schedule may; gives the id of its batch."""
    answer = stack.client("lambda", region=HOME).invoke(
        FunctionName=stack.function_name("Daily/Starter"),
        Payload=json.dumps({"scheduled_at": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "payload": None}),
    )
    return json.loads(answer["Payload"].read())["batch_id"]


def report_of(stack: LocalStack) -> tuple[str, Mapping[str, Any]] | None:
    """Give the id and the report of the one batch that has ended."""
    found = stack.client("dynamodb", region=HOME).query(
        TableName=stack.outputs["UsersTable"],
        KeyConditionExpression="pk = :reports",
        ExpressionAttributeValues={":reports": {"S": "reports"}},
    )["Items"]
    if not found:
        return None
    (item,) = found
    numbers = {name: int(value["N"]) for name, value in item.items() if "N" in value}
    missing = [each["S"] for each in item["missing"]["L"]]
    return item["sk"]["S"], {**numbers, "missing": missing}


def draw(output: Path) -> None:
    """Draw what the app is made of, as one would in a terminal."""
    assembly = max(
        FOLDER.glob(".cdk-streamer/runs/*/cdk.out"), key=lambda each: each.stat().st_mtime
    )
    done = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-m", "cdk_streamer_local", "graph", assembly, "--output", output],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LocalError(
            f"cdk-streamer graph ended with status {done.returncode}",
            remedy="correct what it says above",
            detail=done.stdout + done.stderr,
        )


def wait(what: str, found: Callable[[], T | None]) -> T:
    """Wait until there is something; raises TimeoutError."""
    end = time.monotonic() + PATIENCE
    while True:
        result = found()
        if result is not None:
            return result
        if time.monotonic() > end:
            raise TimeoutError(f"{what} is not there after {PATIENCE} s")
        time.sleep(0.2)


def drain(stack: LocalStack, region: str, url: str) -> list[Mapping[str, Any]]:
    """Take all messages out of a queue."""
    client = stack.client("sqs", region=region)

    def take(_: int) -> list[Mapping[str, Any]]:
        taken: list[Mapping[str, Any]] = []
        while messages := client.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            MessageSystemAttributeNames=["SentTimestamp"],
            MessageAttributeNames=["All"],
        ).get("Messages", []):
            taken += messages
        return taken

    with ThreadPoolExecutor(2) as pool:
        return [message for taken in pool.map(take, range(2)) for message in taken]


def reminder(message: Mapping[str, Any]) -> Reminder:
    """Read a message as the mailer does."""
    return Reminder(
        user=json.loads(message["Body"])["user"],
        key=message["MessageAttributes"][KEY]["StringValue"],
        sent_at=int(message["Attributes"]["SentTimestamp"]),
    )


def summarize(account: Account) -> int:
    """Print what the batch says and what the queue has; gives the exit status."""
    report, there = account.report, len(account.reminders)
    tell("discovered", f"{report['discovered']:,}")
    tell("published", f"{report['published']:,}")
    tell("failed", f"{report['failed']:,}")
    tell("chunks", f"{report['chunks']}, tried again: {report['retried']}")
    tell("in the queue", f"{there:,} messages in {MAILER}, {account.keys:,} keys")
    tell(
        "rate",
        f"{RATE} a second: {account.seconds:.1f} s, {account.most_in_a_second} in the busiest",
    )
    faults = [*account.faults()]
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    if not faults:
        console.print("\nThe report and the queue say the same.")
    return 1 if faults else 0


def tell(what: str, text: str) -> None:
    """Print a line."""
    console.print(f"{what:<16} {text}", soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
