"""The whole example on this machine: thousands of timers, their polls, an account and a picture.

python -m examples.poller.demo --minutes 2 --timers 5000
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from botocore.session import Session

from cdk_streamer_client import PutTimer, StreamerClientError, Timer, TimerClient
from cdk_streamer_local import LocalError, LocalStack
from examples.narration import add_console, console, fail, narrated, stay
from examples.poller.account import Account, Arrival, Key, key_of, percentile
from examples.poller.feeds import FeedServer
from examples.poller.mix import timers
from examples.poller.picture import draw

FOLDER = Path(__file__).parent
PICTURE = FOLDER / ".cdk-streamer" / "fired.svg"  # a folder that git ignores
TIMERS, MINUTES = 5_000, 2.0
BATCH = 25
CLIENTS = 2
PATIENCE = 60  # seconds for what was due to come after the end
LONGEST = 200  # firings of one timer that are computed
REGION = "us-east-1"
INTERRUPTED = 130  # what shells give for a command that Ctrl-C ended


class Made(NamedTuple):
    """A timer as the service answered, and when it had."""

    timer: Timer
    at: float


def main() -> int:
    """Run the demo; gives the exit status: 1 also when a firing was lost."""
    parser = argparse.ArgumentParser(description="poll a third party by timers, on this machine")
    parser.add_argument("--timers", type=int, default=TIMERS, help="default: %(default)s")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="default: %(default)s")
    add_console(parser)
    parser.add_argument("--output", type=Path, default=PICTURE, help="default: %(default)s")
    arguments = parser.parse_args()
    output: Path = arguments.output.resolve()
    output.parent.mkdir(parents=True, exist_ok=True)
    stack = None
    try:
        with feeds() as server:
            stack = LocalStack(FOLDER / "app.py", console=arguments.console)
            with narrated(stack), stack:
                account = run(stack, server, arguments.timers, arguments.minutes)
                stay(arguments)
    except LocalError as error:
        return fail(stack, f"{error.detail}\n{error.cause}".strip(), error.remedy)
    except (StreamerClientError, OSError) as error:
        return fail(stack, str(error), "correct the example and run it again")
    except KeyboardInterrupt:
        return INTERRUPTED
    output.write_text(draw(account))
    summarize(account)
    console.print(f"\nThe picture: {output}", soft_wrap=True)
    return 1 if account.lost or account.early else 0


@contextmanager
def feeds() -> Iterator[FeedServer]:
    """Serve the feeds, and say where to the app."""
    server = FeedServer()
    os.environ["FEEDS"] = server.url
    try:
        yield server
    finally:
        server.close()


def run(stack: LocalStack, server: FeedServer, count: int, minutes: float) -> Account:
    """Make the timers, wait, and set what came against what was due."""
    now, length = datetime.now(UTC), timedelta(minutes=minutes)
    made = make(stack, list(timers(count, now=now, run=length)))
    begin = max((each.at for each in made), default=time.time())
    console.print(f"created          {len(made):,} timers in {begin - now.timestamp():.0f} s")
    end = int(begin) + int(length.total_seconds())
    owed = {key for each in made for key in due(each, end)}
    console.print(f"watching         {minutes:g} minutes, in which {len(owed):,} firings are due\n")
    while time.time() < end + PATIENCE:
        account = Account.of(owed, arrivals(server))
        if time.time() > end and not account.lost:
            break
        time.sleep(1)
    return Account.of(owed, arrivals(server))


def make(stack: LocalStack, entries: list[PutTimer]) -> list[Made]:
    """Create timers in batches, several at a time."""
    key = stack.credentials("poller")
    session = Session()
    session.set_credentials(key.access_key, key.secret_key)
    url, trust = stack.outputs["Url"], stack.ca_bundle
    batches = [entries[first : first + BATCH] for first in range(0, len(entries), BATCH)]
    with TimerClient(url, session=session, region=REGION, ca_bundle=trust) as client:

        def put(batch: list[PutTimer]) -> list[Made]:
            answered = client.batch(batch)
            return [Made(timer, time.time()) for timer in answered if timer is not None]

        with ThreadPoolExecutor(CLIENTS) as pool:
            return [made for several in pool.map(put, batches) for made in several]


def due(made: Made, end: int) -> Iterator[Key]:
    """Give what a timer owes: its firings from when it was acknowledged on, before the end."""
    first = made.timer.next_fire_at
    if first is None:
        return
    start = max(first, datetime.fromtimestamp(int(made.at) + 1, UTC))
    for moment in made.timer.next(LONGEST, after=start):
        if moment.timestamp() >= end:
            return
        yield made.timer.id, int(moment.timestamp())


def arrivals(server: FeedServer) -> list[Arrival]:
    """Give the polls with the firings that caused them."""
    return [Arrival(key=key_of(poll.key), at=poll.at) for poll in server.polls if poll.key]


def summarize(account: Account) -> None:
    """Print what came of what was due."""
    lateness = account.lateness
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    late = ", ".join(f"{name} {percentile(lateness, share):.2f}" for name, share in shares.items())
    console.print(f"due              {len(account.due):,}")
    console.print(f"fired            {len(account.firsts):,}")
    console.print(f"lost             {len(account.lost)}")
    console.print(f"early            {len(account.early)}")
    console.print(f"duplicates       {account.duplicates}")
    console.print(f"late by          {late} s")
    for kind, count, fired in account.by_kind():
        console.print(f"  {kind:<14} {fired:,} of {count:,}")


if __name__ == "__main__":
    sys.exit(main())
