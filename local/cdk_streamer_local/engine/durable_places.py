"""Where durable functions are, and which runner keeps their executions."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import unquote

DEFAULT_REGION = "us-east-1"
_FUNCTION = re.compile(r"(arn:[^:]+:lambda:(?P<region>[^:]+):(?P<account>\d+):function:)?"
                       r"(?P<name>[^:]+)(:(?P<qualifier>[^:]+))?")  # fmt: skip
_SIGNED = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A function as a caller named it; the region is that of the call if it named none."""

    name: str
    qualifier: str
    region: str
    account: str

    @classmethod
    def read(cls, text: str, authorization: str) -> Self | None:
        """Read a name or an ARN, quoted or not; None for what is neither."""
        found = _FUNCTION.fullmatch(unquote(text))
        if found is None:
            return None
        signed = _SIGNED.search(authorization)
        return cls(
            name=found["name"],
            qualifier=found["qualifier"] or "",
            region=found["region"] or (signed["region"] if signed else DEFAULT_REGION),
            account=found["account"] or "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One durable function: whose it is, and for how many seconds an execution may go on."""

    account: str
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The runner of each region, and the durable functions by region and name."""

    runners: Mapping[str, str]
    functions: Mapping[str, Mapping[str, Place]]

    def document(self) -> dict[str, Any]:
        """Give what `read` reads."""
        return {
            "runners": dict(self.runners),
            "functions": {
                region: {name: [place.account, place.seconds] for name, place in named.items()}
                for region, named in self.functions.items()
            },
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Read what `document` gave."""
        return cls(
            runners=document["runners"],
            functions={
                region: {
                    name: Place(account=account, seconds=seconds)
                    for name, (account, seconds) in named.items()
                }
                for region, named in document["functions"].items()
            },
        )

    def place(self, target: Target | None) -> Place | None:
        """Give where a target is, or None when it is not durable."""
        if target is None:
            return None
        return self.functions.get(target.region, {}).get(target.name)

    def runner(self, region: str) -> str:
        """Give the address of a region's runner, or of any: none knows of other executions."""
        return self.runners.get(region) or next(iter(self.runners.values()))


def asker_of(callback: str) -> str:
    """Give the last part of the address of the execution that asks, by its callback's id."""
    try:
        return str(json.loads(base64.b64decode(callback))["arn"]).rpartition("/")[2]
    except (binascii.Error, ValueError, KeyError, TypeError):
        return ""
