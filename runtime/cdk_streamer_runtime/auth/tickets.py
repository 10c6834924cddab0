"""Tickets: what a browser shows at `$connect` instead of its token, once and within a minute.

A URL and a subprotocol end in logs and histories, so what is in them should be worth nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from cdk_streamer_runtime.auth import base64url
from cdk_streamer_runtime.auth.denial import Denied, Reason
from cdk_streamer_runtime.auth.identity import Identity
from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.callers import Caller
from cdk_streamer_runtime.contract import (
    TICKET_SECONDS,
    TICKET_SUBPROTOCOL_PREFIX,
    AuthorizerEnvironment,
    ItemKind,
)
from cdk_streamer_runtime.dynamodb import Put, Table
from cdk_streamer_runtime.errors import ConditionFailed
from cdk_streamer_runtime.keys import ticket_key

SECRET_BYTES = 32
_TICKET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What its holder may show until `expires_at`, in milliseconds since the epoch."""

    text: str = field(repr=False)
    expires_at: int

    @property
    def subprotocol(self) -> str:
        """What a browser offers beside the protocol's own name."""
        return f"{TICKET_SUBPROTOCOL_PREFIX}{self.text}"


class TicketStore:
    """The tickets of one API. Of a ticket its hash is stored, which opens nothing."""

    def __init__(
        self,
        table: Table,
        api: str,
        new_secret: Callable[[], bytes] = lambda: os.urandom(SECRET_BYTES),
    ) -> None:
        """Take the table and the API's name: APIs may share a table, and never a ticket."""
        self._table = table
        self._api = api
        self._new_secret = new_secret

    @classmethod
    def from_environment(cls, environment: AuthorizerEnvironment, aws: Aws) -> TicketStore | None:
        """Make the authorizer's; None where the API hands out no tickets."""
        if environment.table_name is None:
            return None
        return cls(Table(aws, environment.table_name), environment.name)

    def issue(self, caller: Caller, now: int) -> Ticket:
        """Make a ticket that stands for a caller, for no longer than its token; `now` in ms.

        In a transaction, whose token makes a repetition do nothing: a plain write that arrives
        once more when the ticket is used would make a used ticket good.
        """
        text = base64url.encode(self._new_secret())
        expires_at = min(now + TICKET_SECONDS * 1000, caller.expires * 1000)
        key = _key(text)
        item = {
            **key,
            "api": self._api,
            "tenant": caller.tenant,
            "owner": caller.owner,
            "expires": caller.expires,
            "scopes": " ".join(sorted(caller.scopes)),
            "expires_at": expires_at,
            "ttl": expires_at // 1000 + 1,
        }
        self._table.transact([Put(item=item)], token=key["pk"][-32:])
        return Ticket(text=text, expires_at=expires_at)

    def redeem(self, text: str, now: int) -> Identity:
        """Tell for whom a ticket stands, and end it; raises Denied for what is no good ticket.

        The delete is repeated when its answer is lost, and then finds nothing: so its holder is
        refused and fetches another, rather than that two come in.
        """
        if _TICKET.fullmatch(text) is None:
            raise Denied(Reason.TICKET_FORM)
        try:
            item = self._table.delete(
                _key(text),
                condition="attribute_exists(pk) AND api = :api AND expires_at > :now",
                values={":api": self._api, ":now": now},
            )
        except ConditionFailed:
            raise Denied(Reason.TICKET) from None
        if item is None:
            raise Denied(Reason.TICKET)
        return Identity(
            tenant=item["tenant"],
            owner=item["owner"],
            expires=item["expires"],
            scopes=frozenset(str(item["scopes"]).split()),
        )


def _key(text: str) -> dict[str, str]:
    return {"pk": ticket_key(text), "sk": ItemKind.TICKET}
