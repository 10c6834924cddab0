"""A fixture for users' end-to-end tests; loading this must cost nothing, so imports come late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cdk_streamer_local.stack import LocalStack


@pytest.fixture(scope="session")
def local_stack() -> Iterator[Callable[..., LocalStack]]:
    """Run apps: `local_stack("app.py")` gives a LocalStack, the same one for the same arguments.

    All of them end with the test session.
    """
    from cdk_streamer_local.stack import LocalStack

    running: dict[tuple[object, ...], LocalStack] = {}
    with ExitStack() as stacks:

        def start(app: str, **options: Any) -> LocalStack:  # noqa: ANN401 - LocalStack's own
            key = (str(app), *sorted(options.items()))
            if key not in running:
                running[key] = stacks.enter_context(LocalStack(app, **options))
            return running[key]

        yield start
