"""`cdk-streamer sinks`: tells how sinks are, and what operators want of them."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Generator, Sequence
from fnmatch import fnmatchcase
from itertools import islice

from cdk_streamer_client.printing import print_json
from cdk_streamer_local.errors import BadArgument
from cdk_streamer_local.sinks_command.access import Reached, all_reached, one_of, reached
from cdk_streamer_local.sinks_command.operating import Json, Refused, ask, status
from cdk_streamer_local.sinks_command.rejected import Rejected, RejectedQueue
from cdk_streamer_local.sinks_command.showing import say, show_rejected, show_status
from cdk_streamer_runtime.contract.sinks import ControllerCommand
from cdk_streamer_runtime.errors import FunctionFailed

DONE, NOT_DONE = 0, 1


def tell_status(arguments: argparse.Namespace, sinks: Sequence[Reached] | None = None) -> int:
    """Tell how each sink is, or the one that was named."""
    with all_reached(arguments, sinks) as found:
        is_one = arguments.sink is not None or not found
        for each in [one_of(found, arguments.sink)] if is_one else found:
            with _explained(each):
                _show(each, status(each), as_json=arguments.json)
    return DONE


def pause(arguments: argparse.Namespace, sinks: Sequence[Reached] | None = None) -> int:
    """Stop a sink until it is resumed; tell how it is then."""
    return _told(arguments, sinks, ControllerCommand.PAUSE)


def resume(arguments: argparse.Namespace, sinks: Sequence[Reached] | None = None) -> int:
    """Let a sink go on: an open circuit is tried at once; tell how it is then."""
    return _told(arguments, sinks, ControllerCommand.RESUME)


def redrive(arguments: argparse.Namespace, sinks: Sequence[Reached] | None = None) -> int:
    """Have dead letters go back to the sink; gives 1 when they do not."""
    rate = {} if arguments.per_second is None else {"perSecond": arguments.per_second}
    with reached(arguments, sinks) as to, _explained(to):
        answer = ask(to, ControllerCommand.REDRIVE, **rate)
        if arguments.json:
            print_json({"name": to.sink.name, **answer})
        elif answer["started"]:
            say(f"{answer['waiting']} dead letters go back, {answer['perSecond']} a second")
        else:
            say(f"nothing goes back: {answer['reason']}")
    return DONE if answer["started"] else NOT_DONE


def rejected(arguments: argparse.Namespace, sinks: Sequence[Reached] | None = None) -> int:
    """List what was rejected, or send it to its sink again."""
    is_meant = _meant(arguments)
    with reached(arguments, sinks) as to, contextlib.ExitStack() as ending:
        queue = RejectedQueue(to.aws, to.sink.rejected)
        ending.callback(queue.release)
        found = (
            queue.resubmit(to.sink.queue, is_meant)
            if arguments.resubmit
            else (each for each in queue.messages() if is_meant(each))
        )
        shown = 0
        for each in islice(found, arguments.limit):
            shown += 1
            if arguments.json:
                print_json(each.document())
            else:
                show_rejected(each)
    told = f"{shown} resubmitted" if arguments.resubmit else f"{shown} rejected messages wait"
    print(told, file=sys.stderr)  # noqa: T201 - not for who reads the list
    return DONE


def _told(
    arguments: argparse.Namespace, sinks: Sequence[Reached] | None, command: ControllerCommand
) -> int:
    with reached(arguments, sinks) as to, _explained(to):
        _show(to, status(to, command), as_json=arguments.json)
    return DONE


def _show(to: Reached, told: Json, *, as_json: bool) -> None:
    if as_json:
        print_json({"name": to.sink.name, "stack": to.sink.stack, **told})
    else:
        show_status(to.sink.name, told)


@contextlib.contextmanager
def _explained(to: Reached) -> Generator[None]:
    try:
        yield
    except FunctionFailed as error:
        raise BadArgument(
            f"the controller {to.sink.controller!r} failed ({error.code})",
            remedy="read its log; what it did not do, its schedule does within five minutes",
        ) from error
    except Refused as refusal:
        raise BadArgument(
            f"the controller of {to.sink.name!r} refused", remedy=str(refusal)
        ) from refusal


def _meant(arguments: argparse.Namespace) -> Callable[[Rejected], bool]:
    """Give what tells whether a message is meant; a `*` stands for any characters."""

    def is_meant(each: Rejected) -> bool:
        named = not arguments.id or {each.id, each.key, each.message} & set(arguments.id)
        return bool(named) and (
            not arguments.reason or any(fnmatchcase(each.reason, text) for text in arguments.reason)
        )

    return is_meant
