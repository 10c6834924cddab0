"""`cdk-streamer timers`: previews schedules, and looks after the timers of a service."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from cdk_streamer_client.arguments import Misused, content_of
from cdk_streamer_client.errors import StreamerClientError
from cdk_streamer_client.printing import print_json
from cdk_streamer_client.timers import operations
from cdk_streamer_client.timers.client import TimerClient
from cdk_streamer_client.timers.errors import InvalidTimer
from cdk_streamer_client.timers.previewing import add_preview_arguments, preview
from cdk_streamer_client.timers.transport import Transport

DONE = 0
FAILED = 1
MISUSED = 2
INTERRUPTED = 130


class _Verb(NamedTuple):
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    operation: operations.Operation


_VERBS = {
    "list": _Verb("list timers", operations.add_list_arguments, operations.list_timers),
    "get": _Verb("show a timer", operations.add_id_argument, operations.get_timer),
    "put": _Verb("make or replace a timer", operations.add_put_arguments, operations.put_timer),
    "pause": _Verb("stop a timer", operations.add_change_arguments, operations.pause_timer),
    "resume": _Verb("start it again", operations.add_change_arguments, operations.resume_timer),
    "delete": _Verb("delete a timer", operations.add_change_arguments, operations.delete_timer),
    "occurrences": _Verb(
        "ask when a timer fires", operations.add_occurrences_arguments, operations.occurrences
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `run` reads."""
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    previewing = verbs.add_parser("preview", help="tell when a schedule fires; asks nobody")
    add_preview_arguments(previewing)
    previewing.set_defaults(act=_preview)
    for name, verb in _VERBS.items():
        command = verbs.add_parser(name, help=verb.help)
        verb.add_arguments(command)
        _add_service_arguments(command)
        command.set_defaults(act=_asked(verb.operation))


def run(arguments: argparse.Namespace, transport: Transport | None = None) -> int:
    """Do it; gives 0, 1 when it failed, 2 for bad arguments and 130 after Ctrl-C."""
    try:
        arguments.act(arguments, transport)
    except (Misused, InvalidTimer) as misuse:
        _tell(misuse)
        return MISUSED
    except (StreamerClientError, ImportError) as error:
        _tell(error)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    return DONE


def _add_service_arguments(parser: argparse.ArgumentParser) -> None:
    service = parser.add_argument_group("the service")
    service.add_argument("--url", metavar="URL", required=True, help="its address, with the stage")
    service.add_argument(
        "--token", metavar="TOKEN", help="or @FILE that has it; default: AWS credentials sign"
    )
    service.add_argument("--region", metavar="NAME", help="to sign for; default: the address's")
    service.add_argument(
        "--ca", metavar="FILE", help="authorities to trust; default: AWS_CA_BUNDLE or the system's"
    )
    service.add_argument("--timeout", metavar="SECONDS", type=float, default=30.0)
    service.add_argument("--json", action="store_true", help="print lines of JSON")


def _preview(arguments: argparse.Namespace, transport: Transport | None) -> None:
    del transport
    preview(arguments)


def _asked(operation: operations.Operation) -> Callable[..., None]:
    def act(arguments: argparse.Namespace, transport: Transport | None) -> None:
        with _client(arguments, transport) as client:
            documents = iter(operation(client, arguments))
            _print(documents, as_json=arguments.json)

    return act


def _client(arguments: argparse.Namespace, transport: Transport | None) -> TimerClient:
    if transport is not None:
        return TimerClient(transport=transport)
    token = None if arguments.token is None else content_of(arguments.token).strip()
    try:
        return TimerClient(
            arguments.url,
            token=token,
            region=arguments.region,
            ca_bundle=arguments.ca,
            timeout=arguments.timeout,
        )
    except ValueError as error:
        raise Misused(str(error)) from error


def _print(documents: Iterator[dict[str, Any]], *, as_json: bool) -> None:
    for document in documents:
        if as_json:
            print_json(document)
        elif "data" in document:
            print_json(document, indent=2)
        else:
            print("  ".join(_cells(document)))  # noqa: T201 - what was asked for


def _cells(document: dict[str, Any]) -> Iterator[str]:
    for name, value in document.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield text if name in {"id", "state", "fire_at"} else f"{name}={text}"


def _tell(error: Exception) -> None:
    faults = getattr(error, "faults", ())
    title = getattr(error, "title", None) if faults else None
    print(f"error: {title or error}", file=sys.stderr)  # noqa: T201 - what went wrong
    for fault in faults:
        print(f"  {fault.place}: {fault.detail}", file=sys.stderr)  # noqa: T201 - as above
