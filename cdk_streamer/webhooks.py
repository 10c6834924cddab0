"""Telling callers' own servers how their requests ended."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Token, aws_secretsmanager as secretsmanager

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_LONGEST_HOSTS = 2_048  # of the 4 KB that Lambda gives all variables of a function
_HOST = re.compile(rf"(\*\.)?({_LABEL}\.)+(?=[a-z]){_LABEL}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """How ends of requests are told: signed with a secret, to some hosts or to all.

    The secret's text is base64, `whsec_` before it or not; while you rotate it, the old and the
    new one with a space between them. A host is a name, or `*.example.com` for all below it; None
    lets callers name any public one. `max_concurrency` is how many are told at once, 2 to 1,000.
    """

    secret: secretsmanager.ISecret | secretsmanager.Secret
    hosts: Sequence[str] | None = None
    max_concurrency: int = 10

    def __post_init__(self) -> None:
        """Check what the user gave; raises ValueError with the remedy."""
        if not 2 <= self.max_concurrency <= 1_000:  # noqa: PLR2004 - Lambda's own limits
            raise ValueError(
                f"max_concurrency of webhooks must be 2 to 1000, got {self.max_concurrency!r}"
            )
        if self.hosts is None:
            return
        if isinstance(self.hosts, str) or not self.hosts:
            raise ValueError(
                f"hosts of webhooks must be a list with a name, got {self.hosts!r}; "
                "leave it out for any public host"
            )
        if sum(len(host) + 1 for host in self.hosts) > _LONGEST_HOSTS:
            raise ValueError(
                f"hosts of webhooks must have at most {_LONGEST_HOSTS} characters together, got "
                f"{len(self.hosts)} names; let '*.example.com' stand for several"
            )
        for host in self.hosts:
            if not Token.is_unresolved(host) and not _HOST.fullmatch(host):
                raise ValueError(
                    "hosts of webhooks must be like 'hooks.example.com' or '*.example.com', in "
                    f"lower case, without scheme and port, got {host!r}"
                )
