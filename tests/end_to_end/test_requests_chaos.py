"""A day with bad luck: what was asked for ends, and each step of a durable request is taken."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from cdk_streamer_client import SyncStreamerClient
from cdk_streamer_local import LocalStack
from cdk_streamer_local.events import Disturbed
from tests.end_to_end.deployment import Deployment
from tests.end_to_end.running import hurry

# The first worker is killed while it counts, the first durable one at once, and a message of the
# first ones comes twice.
CHAOS, SEED = ("duplicate", "crash"), 2483
HARMED = {("Api/Worker", "crash"), ("Api/Durable", "crash"), ("Api/Worker", "duplicate")}
COUNTS, NAPS, STEPS = 6, 2, 20


@pytest.fixture
def unlucky(deployment: Deployment) -> Iterator[LocalStack]:
    """Run what was synthesized for the others once more, with bad luck."""
    with LocalStack(deployment.assembly, chaos=CHAOS, chaos_seed=SEED) as stack:
        hurry(stack)
        yield stack


def test_requests_whose_messages_come_twice_and_whose_workers_die_all_end_well(unlucky):
    asked = [("count", {"steps": STEPS + number}) for number in range(COUNTS)] + [
        ("nap", {})
    ] * NAPS

    with ThreadPoolExecutor(len(asked)) as clients:
        ends = list(clients.map(lambda each: end(unlucky, *each), asked))

    counted = [{"counted": STEPS + number} for number in range(COUNTS)]
    # A durable request goes on where its worker died, within the same attempt.
    assert ends == counted + [{"sum": 3, "attempt": 1}] * NAPS
    assert harmed(unlucky) >= HARMED


def end(stack: LocalStack, action: str, payload: object) -> object:
    """Ask for an action as somebody who has a client, and give its result."""
    token = stack.token(sub="ann", tenant="acme")
    with SyncStreamerClient(url=stack.socket_url(), token=token, ssl=stack.tls) as client:
        return client.request(action, payload)


def harmed(stack: LocalStack) -> set[tuple[str, str]]:
    """Name who was disturbed so far, and by what."""
    events = [each for each in stack.events if isinstance(each, Disturbed)]
    return {(each.function, each.text.partition(":")[0]) for each in events}
