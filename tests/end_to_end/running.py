"""Applications as the suites run them: under the chaos of the run, if it has any."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from cdk_streamer_local import LocalStack
from cdk_streamer_local.events import Disturbed

T = TypeVar("T")

# Asked of the command line, as all this is imported before pytest has read it.
UNDER_CHAOS = any(argument.startswith("--chaos") for argument in sys.argv)
# How many times longer than on a calm day a test waits until it gives up.
PATIENCE = 4 if UNDER_CHAOS else 1
# Messages that a crashed function had come back after minutes on AWS; no suite has so much time.
SOON = 20
# What chaos has done to whom, and how often.
DISTURBED: Counter[tuple[str, str]] = Counter()


@contextmanager
def running(app: Path, chaos: Mapping[str, Any]) -> Iterator[LocalStack]:
    """Run an application from `with` to its end."""
    with LocalStack(app, **chaos) as stack:
        if chaos:
            hurry(stack)
        yield stack
        done = (event for event in stack.events if isinstance(event, Disturbed))
        DISTURBED.update((event.function, event.text.partition(":")[0]) for event in done)


def once(values: Iterable[T]) -> list[T]:
    """Give values in the order in which they first came.

    Under chaos each may come again: at-least-once is all that is promised. On a calm day none does.
    """
    return list(dict.fromkeys(values)) if UNDER_CHAOS else list(values)


def hurry(stack: LocalStack) -> None:
    """Let no queue hide for long what a function has received."""
    client, name = stack.client("sqs"), "VisibilityTimeout"
    for url in client.list_queues()["QueueUrls"]:
        told = client.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"]
        if int(told[name]) > SOON:
            client.set_queue_attributes(QueueUrl=url, Attributes={name: str(SOON)})
