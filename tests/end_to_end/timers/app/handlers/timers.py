"""Writes down each firing; fails for those that say so."""

from __future__ import annotations

import json
import time

from cdk_streamer_runtime import TimerFiring, timer_handler


@timer_handler
def handler(firing: TimerFiring) -> None:
    """Say what came, and when."""
    at = time.time()
    if isinstance(firing.data, dict) and firing.data.get("fail"):
        raise RuntimeError("as it was told")
    fired = {
        "id": firing.id,
        "fire_at": int(firing.fire_at.timestamp()),
        "key": firing.fire_key,
        "rev": firing.rev,
        "data": firing.data,
        "at": at,
    }
    print(json.dumps({"fired": fired}, ensure_ascii=False))
