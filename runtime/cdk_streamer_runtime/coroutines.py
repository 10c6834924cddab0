"""Functions of users may be coroutines: whoever calls one has to wait for its end."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable


def finished(result: object) -> object:
    """Give what a function gave, and what it comes to if that is to be awaited."""
    return _finish(result) if inspect.isawaitable(result) else result


def _finish(result: Awaitable[object]) -> object:
    import asyncio  # 30 ms of a cold start, for those who have coroutines

    async def finish() -> object:
        return await result

    try:
        return asyncio.run(finish())
    except asyncio.CancelledError as cancelled:
        raise RuntimeError("the handler cancelled itself") from cancelled
