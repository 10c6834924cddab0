"""Which invocations are made again when they fail: chaos may harm these and no others.

The command learns of each before it begins, and harms the worker that tells of the same request.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping
from contextvars import ContextVar
from typing import Any

from cdk_streamer_local.pollers.teller import EXPOSED, Teller

_is_exposed: ContextVar[bool] = ContextVar("is_exposed", default=False)


@contextlib.contextmanager
def exposed() -> Generator[None]:
    """Invoke within this what is invoked again if it fails."""
    before = _is_exposed.set(True)
    try:
        yield
    finally:
        _is_exposed.reset(before)


def tell_exposed(functions: Any, teller: Teller) -> None:  # noqa: ANN401 - a module of the engine
    """Tell the command of each such invocation."""
    dispatch = functions._execute_function_dispatch  # noqa: SLF001

    def dispatch_told(
        record: Mapping[str, Any],
        configuration: Mapping[str, Any],
        event: object,
        request: str,
        started: float,
    ) -> Any:  # noqa: ANN401 - the engine's
        if _is_exposed.get():
            teller.tell(EXPOSED, configuration["FunctionName"], request=request)
        return dispatch(record, configuration, event, request, started)

    functions._execute_function_dispatch = dispatch_told  # noqa: SLF001
