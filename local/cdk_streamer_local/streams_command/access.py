"""How the commands reach AWS, or the app that runs here, and which queue they mean."""

from __future__ import annotations

import argparse
from pathlib import Path

from cdk_streamer_local.errors import BadArgument
from cdk_streamer_runtime.aws import Aws, LeanClient, Patience
from cdk_streamer_runtime.contract import AwsEnvironment
from cdk_streamer_runtime.errors import AwsError

# A function may take its 15 minutes.
_PATIENCE = Patience(attempts=3, read=15 * 60 + 5, total=20 * 60)
# What the names of the construct's fault queues have in them, and those of their dead letters.
_NAME = "fault"
_OTHER = "deadletter"


def add_access_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `aws_of` and `queue_of` read."""
    where = parser.add_argument_group("where the faults are")
    where.add_argument(
        "--queue", metavar="NAME", help="or URL of the fault queue; default: the only one there is"
    )
    where.add_argument(
        "--local", action="store_true", help="of the app that `cdk-streamer local` runs here"
    )
    where.add_argument("--region", metavar="NAME", help="default: AWS_REGION or the profile's")


def aws_of(arguments: argparse.Namespace) -> LeanClient:
    """Give AWS, or the engine of the app that runs here; whoever asks closes it."""
    if not arguments.local:
        found = AwsEnvironment.from_variables()
        region = arguments.region or found.region
        return _client(
            AwsEnvironment(
                region=region,
                access_key=found.access_key,
                secret_key=found.secret_key,
                session_token=found.session_token,
                endpoint=found.endpoint,
                management_endpoint=None,
                ca_bundle=found.ca_bundle,
                trace_header=None,
            )
        )
    from cdk_streamer_local.record import running

    record, _ = running(Path.cwd())
    services = record.services
    return _client(
        AwsEnvironment(
            region=services.region,
            access_key=services.account,  # the engine's root user
            secret_key="local",  # noqa: S106 - which has no secret
            session_token=None,
            endpoint=services.endpoint,
            management_endpoint=None,
            ca_bundle=record.ca_bundle,
            trace_header=None,
        )
    )


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


def _client(environment: AwsEnvironment) -> LeanClient:
    return LeanClient(patience=_PATIENCE, environment=lambda: environment)
