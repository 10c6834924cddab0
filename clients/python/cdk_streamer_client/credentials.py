"""Who asks: what each new connection shows."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from cdk_streamer_client.errors import StreamerClientError

Token = str | Callable[[], str | Awaitable[str]]
Ticket = Callable[[], str | Awaitable[str]]
Sign = Callable[[str], Mapping[str, str]]


class NoCredentials(StreamerClientError):
    """The caller's function gave nothing that could be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What one handshake shows."""

    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    subprotocols: tuple[str, ...] = ()


class Credentials:
    """A token, tickets or signatures: exactly one of them."""

    def __init__(
        self, *, token: Token | None = None, ticket: Ticket | None = None, sign: Sign | None = None
    ) -> None:
        if [token, ticket, sign].count(None) != 2:  # noqa: PLR2004 - all but one
            raise ValueError("give one of token, ticket and sign: it tells the service who asks")
        if isinstance(ticket, str):
            raise ValueError(  # noqa: TRY004 - the type is right, the thing is not
                "ticket must be a function that gets a new ticket for each connection: "
                "a ticket is good for one"
            )
        self._token = token
        self._ticket = ticket
        self._sign = sign

    @property
    def is_refreshable(self) -> bool:
        """Whether each connection has credentials of its own."""
        return not isinstance(self._token, str)

    async def fresh(self, url: str) -> Admission:
        """Give what the next connection shows; raises NoCredentials."""
        if isinstance(self._token, str):
            return _bearer(self._token)
        if self._token is not None:
            return _bearer(await _given(self._token, "makes tokens"))
        if self._ticket is not None:
            ticket = await _given(self._ticket, "gets tickets")
            return Admission(subprotocols=(f"ticket.{ticket}",))
        if self._sign is None:
            raise AssertionError("there are no credentials")
        return Admission(headers=await _signed(self._sign, url))


def _bearer(token: str) -> Admission:
    return Admission(headers={"Authorization": f"Bearer {token}"})


async def _given(function: Callable[[], str | Awaitable[str]], deed: str) -> str:
    try:
        given = function()
        return await given if inspect.isawaitable(given) else given
    except Exception as error:  # a user's function may raise anything, and may work again later
        raise _nothing(deed, error) from error


async def _signed(sign: Sign, url: str) -> Mapping[str, str]:
    try:
        # Whose keys a machine has may be asked over the network.
        return await asyncio.to_thread(sign, url)
    except Exception as error:  # as above
        raise _nothing("signs", error) from error


def _nothing(deed: str, error: Exception) -> NoCredentials:
    return NoCredentials(f"the function that {deed} raised {error!r}")
