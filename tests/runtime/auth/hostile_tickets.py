"""Tickets that must open nothing, each made from a good one of the same moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cdk_streamer_runtime.auth.denial import Reason
from tests.runtime.auth import issuer


@dataclass(frozen=True, slots=True, kw_only=True)
class HostileTicket:
    """A forgery, and why it is refused."""

    name: str
    forge: Callable[[str], str]
    reason: Reason = Reason.TICKET_FORM


def _other_last_letter(text: str) -> str:
    # Its last two bits have no meaning: another text for the same bytes.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) ^ 1]


HOSTILE_TICKETS = [
    HostileTicket(name="empty", forge=lambda _: ""),
    HostileTicket(name="a space", forge=lambda _: " "),
    HostileTicket(name="truncated", forge=lambda text: text[:-1]),
    HostileTicket(name="half", forge=lambda text: text[:21]),
    HostileTicket(name="a letter more", forge=lambda text: f"{text}A"),
    HostileTicket(name="twice", forge=lambda text: text * 2),
    HostileTicket(name="padded", forge=lambda text: f"{text}="),
    HostileTicket(name="a line break behind", forge=lambda text: f"{text}\n"),
    HostileTicket(name="a space before", forge=lambda text: f" {text}"),
    HostileTicket(name="a null behind", forge=lambda text: f"{text}\0"),
    HostileTicket(name="base64 with plus", forge=lambda text: f"+{text[1:]}"),
    HostileTicket(name="base64 with slash", forge=lambda text: f"/{text[1:]}"),
    HostileTicket(name="percent encoded", forge=lambda text: f"%41{text[3:]}"),
    HostileTicket(name="a dot inside", forge=lambda text: f"{text[:20]}.{text[21:]}"),
    HostileTicket(name="hexadecimal", forge=lambda _: "0" * 64),
    HostileTicket(name="the prefix again", forge=lambda text: f"ticket.{text}"),
    HostileTicket(name="a letter that looks the same", forge=lambda text: f"\u0430{text[1:]}"),
    HostileTicket(name="digits of another script", forge=lambda text: f"\u0661{text[1:]}"),
    HostileTicket(name="full width", forge=lambda _: "\uff21" * 43),
    HostileTicket(name="half a surrogate pair", forge=lambda text: f"\ud800{text[1:]}"),
    HostileTicket(name="an emoji", forge=lambda _: "\U0001f3ab" * 43),
    HostileTicket(name="100 KB", forge=lambda text: text * 2_400),
    HostileTicket(name="a token", forge=lambda _: issuer.token()),
    HostileTicket(name="a wildcard", forge=lambda _: "*"),
    HostileTicket(name="JSON", forge=lambda text: f'{{"S":"{text}"}}'),
    HostileTicket(name="a key of the table", forge=lambda text: f"ticket#{text}"),
    HostileTicket(name="zeros", forge=lambda _: "A" * 43, reason=Reason.TICKET),
    HostileTicket(name="made up", forge=lambda _: "Zz-_" * 10 + "Zz8", reason=Reason.TICKET),
    HostileTicket(name="other case", forge=lambda text: text.swapcase(), reason=Reason.TICKET),
    HostileTicket(name="backwards", forge=lambda text: text[::-1], reason=Reason.TICKET),
    HostileTicket(name="spare bits set", forge=_other_last_letter, reason=Reason.TICKET),
]
