"""The command line: `cdk-streamer local`, `token`, `credentials` and `call`."""

from __future__ import annotations

import argparse
import importlib
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from cdk_streamer_local.errors import BadArgument, LocalError
from cdk_streamer_local.extra import require_extra
from cdk_streamer_local.tools import add_tools

_EPILOG = """\
examples:
  cdk-streamer local app.py                          run an app, Ctrl-C ends it
  cdk-streamer token --sub alice --tenant acme       a token for its socket
  eval "$(cdk-streamer credentials)"                 a key to sign calls with
  cdk-streamer call echo '{"text": "hello"}'         a request over its socket
  cdk-streamer timers preview --cron "0 9 * * 1-5"   when a schedule fires
  cdk-streamer graph app.py -o app.svg               a picture of an app's constructs
  cdk-streamer streams graph app.py -o streams.svg   a picture of an app's processors
  cdk-streamer streams resubmit --local --dry-run    what would be tried again
  cdk-streamer sinks status --local                  how an app's sinks are
"""
_INTERRUPTED = 130  # what shells give for a command that Ctrl-C ended


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    chosen = next((word for word in words if not word.startswith("-")), None)
    parsed = _parser(chosen).parse_args(words)
    try:
        return parsed.run(parsed)
    except LocalError as fault:
        if fault.detail:
            print(fault.detail, file=sys.stderr)  # noqa: T201
        print(f"error: {fault.cause}\n       {fault.remedy}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED


def _parser(chosen: str | None) -> argparse.ArgumentParser:
    # What other commands take is not asked for: to import them all takes half a second.
    parser = argparse.ArgumentParser(
        prog="cdk-streamer",
        description="Run a CDK app on this machine, without AWS and without Docker.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_local(commands)
    _add_token(commands)
    _add_credentials(commands)
    _add_call(commands, is_chosen=chosen == "call")
    add_tools(commands, chosen)
    return parser


def _add_local(commands: Any) -> None:  # noqa: ANN401 - argparse names no public type for it
    local = commands.add_parser(
        "local",
        help="run an app here and follow its edits",
        description="Synthesize an app, deploy its template to a local engine, follow its edits.",
    )
    local.add_argument(
        "app", nargs="?", default=".", type=Path, help="app.py, cdk.json or cdk.out (default: here)"
    )
    local.add_argument(
        "--port", type=int, default=0, help="the engine's port (default: a free one)"
    )
    _add_sockets(local)
    local.add_argument(
        "--fresh", action="store_true", help="forget staged assets and keys of earlier runs"
    )
    local.add_argument(
        "--no-iam", action="store_true", help="let functions do what their roles do not allow"
    )
    local.add_argument(
        "--chaos",
        metavar="TROUBLES",
        default="",
        help="let things go wrong now and then: duplicate,delay,crash,freeze,lose",
    )
    local.add_argument(
        "--chaos-seed", type=int, metavar="N", help="the same chaos as another run (default: new)"
    )
    local.add_argument(
        "--console-port", type=int, metavar="N", help="the console's port (default: its last one)"
    )
    local.add_argument("--no-console", action="store_true", help="serve no console")
    local.add_argument("--json", action="store_true", help="write events as JSON lines")
    local.set_defaults(run=_local)


def _add_sockets(local: Any) -> None:  # noqa: ANN401 - see above
    sockets = local.add_argument_group("WebSocket APIs")
    sockets.add_argument(
        "--socket-port", type=int, default=0, metavar="N", help="default: a free one"
    )
    sockets.add_argument(
        "--socket-idle", type=float, metavar="SECONDS", help="end idle sockets (default: 600)"
    )
    sockets.add_argument(
        "--socket-lifetime", type=float, metavar="SECONDS", help="end old sockets (default: 7200)"
    )


def _add_token(commands: Any) -> None:  # noqa: ANN401 - see above
    token = commands.add_parser(
        "token",
        help="make a token for the running app",
        description="Make a token that the authorizers of the running app accept.",
    )
    _add_claims(token)
    token.add_argument("--expires", type=int, default=3600, metavar="SECONDS", help="default: 3600")
    token.set_defaults(run=_token)


def _add_credentials(commands: Any) -> None:  # noqa: ANN401 - see above
    keys = commands.add_parser(
        "credentials",
        help="make a key to sign calls of the running app with",
        description="Make an access key of a user of the running app, and write it for a shell.",
    )
    keys.add_argument("--user", metavar="NAME", default="developer", help="default: developer")
    rights = "what the user may do, '*' for all; may be repeated (default: call the APIs)"
    keys.add_argument("--action", metavar="NAME", action="append", help=rights)
    keys.set_defaults(run=_credentials)


def _add_call(commands: Any, *, is_chosen: bool) -> None:  # noqa: ANN401 - see above
    call = commands.add_parser(
        "call",
        help="make a request over the running app's socket",
        description="Make one request over the running app's socket and show its progress.",
    )
    client = _client() if is_chosen else None
    if client is not None:
        client.add_arguments(call)
    else:
        call.add_argument("arguments", nargs=argparse.REMAINDER)
    _add_claims(call)
    call.set_defaults(run=_call)


def _add_claims(parser: argparse.ArgumentParser) -> None:
    claims = parser.add_argument_group("whom the token names")
    claims.add_argument("--sub", metavar="NAME", help="the owner (default: developer)")
    claims.add_argument("--tenant", metavar="NAME", help="the tenant (default: local)")
    claims.add_argument("--scope", metavar="SCOPES", default="", help="scopes, space separated")
    claims.add_argument("--issuer", metavar="URL", help="whose token, if the app has several")


def _local(arguments: argparse.Namespace) -> int:
    require_extra()
    from cdk_streamer_local.cloud.synthesis import App
    from cdk_streamer_local.display.background import Background
    from cdk_streamer_local.session import Session

    display: Any = _display(as_json=arguments.json)
    background = Background(display)
    # A closed terminal and a polite kill end everything as Ctrl-C does.
    for end in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(end, _interrupt)
    session: Session | None = None
    try:
        app = App.find(arguments.app)
        display.begin(str(arguments.app))
        options = _options(arguments)
        session = Session(app, options, background)
        session.start()
        session.warm()
        session.run()
    except LocalError as fault:
        background.close()
        display.fail(fault)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    finally:
        for end in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(end, signal.SIG_IGN)
        if session is not None:
            session.stop()
        background.close()
        display.end()
    return 0


def _options(arguments: argparse.Namespace) -> Any:  # noqa: ANN401 - of a module that takes long
    from cdk_streamer_local.gateway.process import Sockets
    from cdk_streamer_local.pollers.chaos import Chaos
    from cdk_streamer_local.session import Options

    sockets = Sockets.of(
        port=arguments.socket_port,
        idle=arguments.socket_idle,
        lifetime=arguments.socket_lifetime,
    )
    try:
        chaos = Chaos.of(arguments.chaos.split(","), arguments.chaos_seed)
    except ValueError as fault:
        raise BadArgument(str(fault), remedy="name them with commas between") from None
    return Options(
        port=arguments.port,
        sockets=sockets,
        iam=not arguments.no_iam,
        fresh=arguments.fresh,
        chaos=chaos,
        console=not arguments.no_console,
        console_port=arguments.console_port,
    )


def _display(*, as_json: bool) -> Callable[..., None]:
    if as_json:
        from cdk_streamer_local.display.json_lines import JsonLines

        return JsonLines(sys.stdout)
    from rich.console import Console

    from cdk_streamer_local.display.screen import Screen

    return Screen(Console(highlight=False))


def _token(arguments: argparse.Namespace) -> int:
    print(_mint(arguments, arguments.expires))  # noqa: T201 - what was asked for
    return 0


def _credentials(arguments: argparse.Namespace) -> int:
    require_extra()
    from cdk_streamer_local.cloud.users import CALLING, credentials, signing
    from cdk_streamer_local.record import running

    record, _ = running(Path.cwd())
    services = record.services
    key = credentials(services, arguments.user, arguments.action or CALLING, ["*"])
    variables = {**signing(services, key), "AWS_CA_BUNDLE": record.ca_bundle}
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")  # noqa: T201 - what was asked for
    print("unset AWS_SESSION_TOKEN AWS_PROFILE")  # noqa: T201
    return 0


def _call(arguments: argparse.Namespace) -> int:
    from cdk_streamer_local.record import running

    client = _client()
    if client is None:
        raise BadArgument(
            "the client is not installed",
            remedy=f"run: {sys.executable} -m pip install 'cdk-streamer[client]'",
        )
    if arguments.url is None:
        record, _ = running(Path.cwd())
        arguments.url = record.socket_url()
        arguments.ca = arguments.ca or record.ca_bundle
        if arguments.token is None:
            arguments.token = _mint(arguments, 3600)
    return client.run(arguments)


def _mint(arguments: argparse.Namespace, seconds: int) -> str:
    from cdk_streamer_local.record import running

    record, state = running(Path.cwd())
    return record.token(
        state,
        sub=arguments.sub,
        tenant=arguments.tenant,
        scopes=arguments.scope.split(),
        expires=seconds,
        issuer=arguments.issuer,
    )


def _client() -> Any:  # noqa: ANN401 - a module with add_arguments and run
    try:
        return importlib.import_module("cdk_streamer_client.call")
    except ModuleNotFoundError:
        return None


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
