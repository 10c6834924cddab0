"""What `cdk-streamer sinks` can be told to do."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from cdk_streamer_local.sinks_command import command
from cdk_streamer_local.sinks_command.access import add_access_arguments

_MOST_A_SECOND = 500  # that SQS moves


def add_verbs(sinks: argparse.ArgumentParser) -> None:
    """Add a parser for each verb."""
    verbs = sinks.add_subparsers(metavar="VERB", required=True)
    _add(verbs, "status", "tell how sinks are", command.tell_status, several=True)
    _add(verbs, "pause", "stop a sink until it is resumed", command.pause)
    _add(verbs, "resume", "let a sink go on; an open circuit is tried at once", command.resume)
    redrive = _add(verbs, "redrive", "send dead letters to their sink again", command.redrive)
    redrive.add_argument(
        "--per-second", type=_rate, metavar="N", help="at most so many (default: as deployed)"
    )
    rejected = _add(verbs, "rejected", "list rejected messages, with reasons", command.rejected)
    rejected.add_argument(
        "--resubmit", action="store_true", help="send them to their sink again, and list those"
    )
    which = rejected.add_argument_group("which (default: all); each may be given repeatedly")
    which.add_argument("--id", metavar="ID", action="append", default=[], help="or key")
    which.add_argument(
        "--reason", metavar="TEXT", action="append", default=[], help="e.g. 'no account *'"
    )
    rejected.add_argument("--limit", type=_count, metavar="N", help="so many at most")


def _add(
    verbs: Any,  # noqa: ANN401 - argparse names no public type for it
    name: str,
    purpose: str,
    run: Callable[[argparse.Namespace], int],
    *,
    several: bool = False,
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, help=purpose, description=f"{purpose.capitalize()}."
    )
    add_access_arguments(parser, several=several)
    parser.add_argument("--json", action="store_true", help="print lines of JSON")
    parser.set_defaults(run=run)
    return parser


def _rate(text: str) -> int:
    rate = _count(text)
    if rate > _MOST_A_SECOND:
        raise argparse.ArgumentTypeError(f"must be at most {_MOST_A_SECOND}, got {text!r}")
    return rate


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number over 0, got {text!r}")
    return int(text)
