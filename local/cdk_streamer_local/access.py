"""How commands reach AWS, or the app that runs here."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cdk_streamer_local.cloud.services import Services
from cdk_streamer_runtime.aws import LeanClient, Patience
from cdk_streamer_runtime.contract import AwsEnvironment

# A function may take its 15 minutes.
_PATIENCE = Patience(attempts=3, read=15 * 60 + 5, total=20 * 60)


def add_place_arguments(group: Any) -> None:  # noqa: ANN401 - argparse names no public type for it
    """Add what `aws_of` reads."""
    group.add_argument(
        "--local", action="store_true", help="of the app that `cdk-streamer local` runs here"
    )
    group.add_argument("--region", metavar="NAME", help="default: AWS_REGION or the profile's")


def aws_of(arguments: argparse.Namespace) -> LeanClient:
    """Give AWS, or the engine of the app that runs here; whoever asks closes it."""
    if not arguments.local:
        return deployed(arguments.region)
    from cdk_streamer_local.record import running

    record, _ = running(Path.cwd())
    return local(record.services)


def deployed(region: str | None) -> LeanClient:
    """Give AWS as the variables of this process name it."""
    found = AwsEnvironment.from_variables()
    return _client(
        AwsEnvironment(
            region=region or found.region,
            access_key=found.access_key,
            secret_key=found.secret_key,
            session_token=found.session_token,
            endpoint=found.endpoint,
            management_endpoint=None,
            ca_bundle=found.ca_bundle,
            trace_header=None,
        )
    )


def local(services: Services) -> LeanClient:
    """Give the engine, for an account and region of it."""
    return _client(
        AwsEnvironment(
            region=services.region,
            access_key=services.account,  # the engine's root user
            secret_key="local",  # noqa: S106 - which has no secret
            session_token=None,
            endpoint=services.endpoint,
            management_endpoint=None,
            ca_bundle=str(services.bundle),
            trace_header=None,
        )
    )


def _client(environment: AwsEnvironment) -> LeanClient:
    return LeanClient(patience=_PATIENCE, environment=lambda: environment)
