"""Which fault queue the commands mean, and where it is."""

from __future__ import annotations

import argparse

from cdk_streamer_local.access import add_place_arguments
from cdk_streamer_local.errors import BadArgument
from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.errors import AwsError

# What the names of the construct's fault queues have in them, and those of their dead letters.
_NAME = "fault"
_OTHER = "deadletter"


def add_access_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `aws_of` and `queue_of` read."""
    where = parser.add_argument_group("where the faults are")
    where.add_argument(
        "--queue", metavar="NAME", help="or URL of the fault queue; default: the only one there is"
    )
    add_place_arguments(where)


def queue_of(name: str | None, aws: Aws) -> str:
    """Give the URL of the queue that was meant; raises BadArgument when it is not clear."""
    if name is not None and name.startswith(("https://", "http://")):
        return name
    if name is not None:
        try:
            return aws.call("sqs", "GetQueueUrl", {"QueueName": name})["QueueUrl"]
        except AwsError as error:
            raise BadArgument(
                f"there is no queue {name!r}: {error}", remedy="name another, or give its URL"
            ) from error
    urls: list[str] = aws.call("sqs", "ListQueues", {}).get("QueueUrls") or []
    found = [url for url in urls if _is_fault_queue(url.rpartition("/")[2].lower())]
    if len(found) == 1:
        return found[0]
    names = ", ".join(sorted(url.rpartition("/")[2] for url in found))
    raise BadArgument(
        f"{len(found) or 'no'} queues look like fault queues",
        remedy=f"pass --queue with one of: {names}" if found else "pass --queue with its URL",
    )


def _is_fault_queue(name: str) -> bool:
    return _NAME in name and _OTHER not in name
