"""Which sinks the commands mean, and how they are reached."""

from __future__ import annotations

import argparse
import contextlib
import importlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdk_streamer_local.access import add_place_arguments, deployed, local
from cdk_streamer_local.cloud.services import sdk_faults
from cdk_streamer_local.errors import BadArgument
from cdk_streamer_local.extra import require_extra
from cdk_streamer_local.sinks_command.finding import FoundSink, chosen, sinks_of
from cdk_streamer_runtime.aws import Aws, LeanClient
from cdk_streamer_runtime.contract import AwsEnvironment
from cdk_streamer_runtime.errors import AwsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A sink, and AWS in its region."""

    sink: FoundSink
    aws: Aws


def add_access_arguments(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """Add what `reached` and `all_reached` read."""
    default = "all" if several else "the only one"
    parser.add_argument(
        "sink", nargs="?", metavar="SINK", help=f"its path, or the end of it (default: {default})"
    )
    where = parser.add_argument_group("where it is")
    where.add_argument(
        "--stack", metavar="NAME", action="append", default=[],
        help="may be repeated (default: all stacks of the region)",
    )  # fmt: skip
    add_place_arguments(where)


@contextlib.contextmanager
def reached(
    arguments: argparse.Namespace, sinks: Sequence[Reached] | None = None
) -> Generator[Reached]:
    """Give the sink that was meant; raises BadArgument when it is not clear, or out of reach."""
    with all_reached(arguments, sinks) as found:
        yield one_of(found, arguments.sink)


@contextlib.contextmanager
def all_reached(
    arguments: argparse.Namespace, sinks: Sequence[Reached] | None = None
) -> Generator[Sequence[Reached]]:
    """Give all sinks there are; what AWS refuses meanwhile is raised as BadArgument."""
    require_extra()
    try:
        with contextlib.ExitStack() as ending:
            yield list(_found(arguments, ending)) if sinks is None else sinks
    except (AwsError, *sdk_faults()) as error:
        raise BadArgument(
            str(error),
            remedy="look at --region and --stack, and at what your user may do; "
            "--local is for the app that runs here",
        ) from error
    except ValueError as error:  # no region, no credentials
        raise BadArgument(
            str(error), remedy="or pass --local for the app that runs here"
        ) from error


def one_of(sinks: Sequence[Reached], name: str | None) -> Reached:
    """Give the sink that was meant; raises BadArgument when it is not clear."""
    wanted = chosen([each.sink for each in sinks], name)
    return next(each for each in sinks if each.sink is wanted)


Clients = list[tuple[LeanClient, Any, list[str]]]


def _found(arguments: argparse.Namespace, ending: contextlib.ExitStack) -> Iterator[Reached]:
    for aws, cloudformation, stacks in (
        _local(arguments) if arguments.local else _deployed(arguments)
    ):
        ending.callback(aws.close)
        for sink in sinks_of(cloudformation, stacks):
            yield Reached(sink=sink, aws=aws)


def _deployed(arguments: argparse.Namespace) -> Clients:
    found = AwsEnvironment.from_variables()
    boto3: Any = importlib.import_module("boto3")  # takes long, and has no types
    cloudformation = boto3.client("cloudformation", region_name=arguments.region or found.region)
    region: str = cloudformation.meta.region_name
    return [(deployed(region), cloudformation, arguments.stack)]


def _local(arguments: argparse.Namespace) -> Clients:
    from cdk_streamer_local.record import running

    record, _ = running(Path.cwd())
    stacks: dict[tuple[str, str], list[str]] = {}
    for place in record.places:
        is_meant = not arguments.stack or place.stack in arguments.stack
        if is_meant and arguments.region in {None, place.region}:
            stacks.setdefault((place.account, place.region), []).append(place.stack)
    services = {place: record.services_of(*place) for place in stacks}
    return [
        (local(each), each.client("cloudformation"), stacks[place])
        for place, each in services.items()
    ]
