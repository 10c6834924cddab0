"""A fixture for users' end-to-end tests; loading this must cost nothing, so imports come late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from cdk_streamer_local.pollers.chaos import Chaos
    from cdk_streamer_local.stack import LocalStack

_CALM = (
    "calm(reason, *troubles): presumes that nothing goes wrong, or none of these troubles; "
    "skipped under such a --chaos"
)
_CHAOS: pytest.StashKey[Chaos] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the chaos that all apps of the run have."""
    group = parser.getgroup("cdk-streamer")
    troubles = "let apps have it now and then: duplicate,delay,crash,freeze,lose"
    group.addoption("--chaos", metavar="TROUBLES", default="", help=troubles)
    same = "the same chaos as another run (default: new)"
    group.addoption("--chaos-seed", metavar="N", type=int, help=same)


def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed, once for the run."""
    config.addinivalue_line("markers", _CALM)
    names = cast("str", config.getoption("chaos"))
    if not names:
        return
    from cdk_streamer_local.pollers.chaos import Chaos

    try:
        config.stash[_CHAOS] = Chaos.of(names.split(","), config.getoption("chaos_seed"))
    except ValueError as fault:
        raise pytest.UsageError(f"--chaos: {fault}") from None


def pytest_report_header(config: pytest.Config) -> str | None:
    """Tell how to have the same chaos again."""
    chaos = config.stash.get(_CHAOS, None)
    if chaos is None:
        return None
    return (
        f"chaos: {', '.join(sorted(chaos.troubles))}  --chaos-seed {chaos.seed} for the same again"
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Pass by what presumes calm; raises UsageError for a mark that does not say why."""
    chaos = item.config.stash.get(_CHAOS, None)
    for marker in item.iter_markers("calm"):
        if not marker.args:
            raise pytest.UsageError(f"{item.nodeid}: calm needs a reason, as in calm('counts')")
        reason, *troubles = marker.args
        if chaos is not None and not chaos.troubles.isdisjoint(troubles or chaos.troubles):
            pytest.skip(f"presumes calm: {reason}")


@pytest.fixture(scope="session")
def local_chaos(pytestconfig: pytest.Config) -> dict[str, Any]:
    """Give what a LocalStack is to be told of `--chaos`; nothing in a calm run."""
    chaos = pytestconfig.stash.get(_CHAOS, None)
    return {} if chaos is None else {"chaos": sorted(chaos.troubles), "chaos_seed": chaos.seed}


@pytest.fixture(scope="session")
def local_stack(local_chaos: dict[str, Any]) -> Iterator[Callable[..., LocalStack]]:
    """Run apps: `local_stack("app.py")` gives a LocalStack, the same one for the same arguments.

    All of them end with the test session. Under `--chaos` they have it, unless they are told
    another one.
    """
    from cdk_streamer_local.stack import LocalStack

    running: dict[tuple[object, ...], LocalStack] = {}
    with ExitStack() as stacks:

        def start(app: str, **options: Any) -> LocalStack:  # noqa: ANN401 - LocalStack's own
            key = (str(app), *sorted(options.items()))
            if key not in running:
                chosen = options if "chaos" in options else {**local_chaos, **options}
                running[key] = stacks.enter_context(LocalStack(app, **chosen))
            return running[key]

        yield start
