"""Prints what the rules of a folder of handlers are, for whoever must not import them.

`python -m cdk_streamer_runtime.streams.manifest handlers --entry-point handlers.streams:handler`
prints JSON. It needs no AWS and no environment. What the handlers print goes to stderr, as do
their errors, after which it exits with 1.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import traceback
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any

from cdk_streamer_runtime.streams.rules.rule import compile_rules
from cdk_streamer_runtime.streams.topology import topology_of

if TYPE_CHECKING:
    from cdk_streamer_runtime.streams.app import StreamApp

MODULE = "streams"
ATTRIBUTE = "handler"


def manifest_of(app: StreamApp) -> dict[str, Any]:
    """Give the manifest of an app."""
    compiled = compile_rules(app.rules)
    return topology_of(compiled, uses=app.unpacking.uses, codec=app.codec).to_document()


def find_app(folder: Path, entry_point: str | None = None) -> StreamApp:
    """Import the module of an entry point and give the app that it names.

    Raises what the import raises, and TypeError when there is no app.
    """
    entry_point = entry_point or f"{folder.name}.{MODULE}:{ATTRIBUTE}"
    name, _, attribute = entry_point.replace(":", ".").rpartition(".")
    sys.path.insert(0, str(folder.parent))
    module = importlib.import_module(name)
    return _app(module, attribute)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the manifest and give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m cdk_streamer_runtime.streams.manifest")
    parser.add_argument("folder", type=Path, help="the folder of the handlers, a package")
    parser.add_argument("--entry-point", help="module:attribute; default <folder>.streams:handler")
    given = parser.parse_args(arguments)
    folder = given.folder.resolve()
    try:
        with redirect_stdout(sys.stderr):
            document = manifest_of(find_app(folder, given.entry_point))
    # It is the user's code: whatever it raises is told, and ends this process.
    except (Exception, SystemExit) as error:  # noqa: BLE001
        _tell(error, folder)
        return 1
    json.dump(document, sys.stdout)
    sys.stdout.write("\n")
    return 0


def _app(module: ModuleType, attribute: str) -> StreamApp:
    from cdk_streamer_runtime.streams.app import StreamApp

    named = getattr(module, attribute, None)
    app = getattr(named, "__self__", named)
    if isinstance(app, StreamApp):
        return app
    # The handler may be a function around that of an app.
    others = {id(each): each for each in vars(module).values() if isinstance(each, StreamApp)}
    if named is not None and len(others) == 1:
        return next(iter(others.values()))
    raise TypeError(
        f"{module.__name__}:{attribute} must be the handler of a StreamApp, got "
        f"{type(named).__name__}; write `app = StreamApp(rules=[...])` and "
        f"`{attribute} = app.handler`"
    )


def _tell(error: BaseException, folder: Path) -> None:
    """Print the error with the frames of the user's code and what they call."""
    trace = error.__traceback__
    own = trace
    while own is not None and not _is_in(own, folder):
        own = own.tb_next
    traceback.print_exception(type(error), error, own or trace)


def _is_in(trace: TracebackType, folder: Path) -> bool:
    return Path(trace.tb_frame.f_code.co_filename).is_relative_to(folder)


if __name__ == "__main__":
    sys.exit(main())
