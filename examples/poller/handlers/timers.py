"""The callback: polls the feed that a timer is about, with its fire key, so that once is enough."""

from __future__ import annotations

import http.client
import json
import os
from functools import cache
from urllib.parse import quote, urlsplit

from cdk_streamer_runtime import TimerFiring, timer_handler

TIMEOUT = 5
OK = 200


@timer_handler
def handler(firing: TimerFiring) -> None:
    """Poll; whatever goes wrong is raised, so that the firing comes again."""
    print(json.dumps({"feed": firing.data["feed"], "items": poll(firing)}))


def poll(firing: TimerFiring) -> int:
    """Ask the third party how many items a feed has."""
    party = connection()
    try:
        party.request(
            "GET",
            f"/feeds/{quote(firing.data['feed'], safe='')}",
            headers={"Idempotency-Key": firing.fire_key},
        )
        answer = party.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        party.close()  # the next request opens another one
        raise
    if answer.status != OK:
        raise RuntimeError(f"the feed answered {answer.status}")
    return int(json.loads(body)["items"])


@cache
def connection() -> http.client.HTTPConnection:
    """Give the connection that is kept from one firing to the next."""
    place = urlsplit(os.environ["FEEDS"])
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    return kind(place.netloc, timeout=TIMEOUT)
