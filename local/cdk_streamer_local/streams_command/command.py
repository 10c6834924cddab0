"""`cdk-streamer streams`: lists faults, and gives their records to their functions again."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections import Counter
from collections.abc import Generator
from typing import Any

from cdk_streamer_client.printing import print_json
from cdk_streamer_local.access import aws_of
from cdk_streamer_local.errors import BadArgument
from cdk_streamer_local.streams_command.access import add_access_arguments, queue_of
from cdk_streamer_local.streams_command.choosing import add_choice_arguments, choice
from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.streams.faults.fault_queue import FaultQueue, Outcome, Result
from cdk_streamer_runtime.streams.faults.parked import Parked
from cdk_streamer_runtime.streams.faults.resubmission import RECORDS

DONE, FAILED = 0, 1
_TEXT = 100
_NOT_DONE = {Outcome.FAILED, Outcome.REFUSED}


def add_faults_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `faults` reads."""
    add_choice_arguments(parser)
    add_access_arguments(parser)
    parser.add_argument("--limit", type=_count, metavar="N", help="look at so many at most")
    parser.add_argument("--json", action="store_true", help="print whole faults, one JSON a line")
    parser.set_defaults(run=faults)


def add_resubmit_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `resubmit` reads."""
    add_choice_arguments(parser)
    add_access_arguments(parser)
    parser.add_argument("--dry-run", action="store_true", help="tell what would be done, only")
    parser.add_argument("--limit", type=_count, metavar="N", help="resubmit so many at most")
    parser.add_argument(
        "--to", metavar="NAME", help="a function's name or ARN, instead of whose the faults are"
    )
    parser.add_argument(
        "--everywhere", action="store_true", help="to all pipelines, not only those it hit"
    )
    parser.add_argument(
        "--batch", type=_count, metavar="N", default=RECORDS, help=f"a call (default: {RECORDS})"
    )
    parser.add_argument("--json", action="store_true", help="print lines of JSON")
    parser.set_defaults(run=resubmit)


def faults(arguments: argparse.Namespace, aws: Aws | None = None) -> int:
    """List what waits in the fault queue; gives the exit status."""
    chosen = choice(arguments)
    seen = shown = 0
    with _queue(arguments, aws) as queue:
        for each in queue.faults(limit=arguments.limit):
            seen += 1
            if isinstance(each, Result):
                _print_result(each, as_json=arguments.json)
            elif chosen(each):
                _print_fault(each, as_json=arguments.json)
            else:
                continue
            shown += 1
    if not shown:
        told = f"none of {seen} faults is meant" if seen else "no faults wait"
        print(told, file=sys.stderr)  # noqa: T201 - nothing else was told
    return DONE


def resubmit(arguments: argparse.Namespace, aws: Aws | None = None) -> int:
    """Resubmit, tell of each fault, and give 1 if any of them waits on."""
    counted = Counter[Outcome]()
    with _queue(arguments, aws) as queue:
        for result in queue.resubmit(
            choice(arguments),
            limit=arguments.limit,
            records=arguments.batch,
            function=arguments.to,
            everywhere=arguments.everywhere,
            dry=arguments.dry_run,
        ):
            counted[result.outcome] += 1
            _print_result(result, as_json=arguments.json)
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counted.items()))
    print(told or "no faults wait", file=sys.stderr)  # noqa: T201 - what became of them
    return FAILED if _NOT_DONE & counted.keys() else DONE


@contextlib.contextmanager
def _queue(arguments: argparse.Namespace, aws: Aws | None) -> Generator[FaultQueue]:
    try:
        with contextlib.ExitStack() as ending:
            if aws is None:
                aws = ending.enter_context(contextlib.closing(aws_of(arguments)))
            queue = FaultQueue(aws, queue_of(arguments.queue, aws))
            ending.callback(queue.release)
            yield queue
    except AwsError as error:
        raise BadArgument(
            str(error), remedy="look at --queue and --region, and at what your user may do"
        ) from error
    except ValueError as error:  # no region, no credentials
        raise BadArgument(
            str(error), remedy="or pass --local for the app that runs here"
        ) from error


def _print_fault(parked: Parked, *, as_json: bool) -> None:
    if as_json:
        print_json({"message": parked.message, "obstacle": parked.obstacle, "fault": parked.fault})
        return
    cells = [
        f"{parked.time:%Y-%m-%dT%H:%M:%SZ}",
        parked.id,
        parked.error,
        ",".join(parked.pipelines) or "-",
        parked.text,
        *([f"({parked.obstacle})"] if parked.obstacle else []),
    ]
    _print_cells(cells)


def _print_result(result: Result, *, as_json: bool) -> None:
    fault = result.fault
    if as_json:
        document: dict[str, Any] = {"message": result.message, "outcome": result.outcome}
        if fault is not None:
            document |= {
                "fault": fault.id,
                "error": fault.error,
                "pipelines": list(fault.pipelines),
                "function": fault.function,
            }
        print_json({**document, **({"reason": result.reason} if result.reason else {})})
        return
    name = f"message {result.message}" if fault is None else fault.id
    told = [] if fault is None else [fault.error, ",".join(fault.pipelines) or "-"]
    _print_cells([result.outcome, name, *told, *([result.reason] if result.reason else [])])


def _print_cells(cells: list[str]) -> None:
    # Texts of errors are made of records: a terminal must not obey them.
    shown = ["".join(c if c.isprintable() else " " for c in cell) for cell in cells]
    line = "  ".join(each if len(each) <= _TEXT else f"{each[:_TEXT]}..." for each in shown)
    encoding = sys.stdout.encoding or "utf-8"
    print(line.encode(encoding, "replace").decode(encoding))  # noqa: T201 - what was asked for


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number over 0, got {text!r}")
    return int(text)
