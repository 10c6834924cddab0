"""What a request leaves behind that ends long before its last possible moment."""

from __future__ import annotations

import logging

from cdk_streamer_runtime.contract import ItemKind
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import AwsError, ConditionFailed
from cdk_streamer_runtime.requests.items import last_moment
from cdk_streamer_runtime.requests.request import Request

logger = logging.getLogger(__name__)

# Another write for each request would cost more than a payload that stays for hours too long.
WORTH_IT = 24 * 60 * 60


class Remains:
    """Lets the payload go with its request. `retention` is in seconds."""

    def __init__(self, table: Table, *, retention: int) -> None:
        """Take the table, and how long requests stay after their end."""
        self._table = table
        self._retention = retention

    def release(self, request: Request) -> None:
        """Keep the payload of a request that has ended no longer than the request; never raises.

        It was stored for all attempts that there could have been, of a year each.
        """
        ended_at = (request.ended_at or 0) // 1000
        if last_moment(request) // 1000 - ended_at < WORTH_IT:
            return
        try:
            self._table.update(
                {"pk": request.key, "sk": ItemKind.PAYLOAD},
                "SET #ttl = :ttl",
                # Otherwise an item that is gone would come back.
                condition="attribute_exists(pk)",
                names={"#ttl": "ttl"},
                values={":ttl": ended_at + self._retention},
                returns="NONE",
            )
        except ConditionFailed:
            logger.debug("payload is gone")
        except AwsError as error:
            logger.warning("payload not released", extra={"code": error.code})
