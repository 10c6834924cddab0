"""What a transaction is made of, in DynamoDB's own expressions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Names = Mapping[str, str]  # {"#state": "state"}
Values = Mapping[str, object]  # {":state": "QUEUED"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """A write of a transaction: store the whole item."""

    item: Mapping[str, object]
    condition: str | None = None
    names: Names | None = None
    values: Values | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A write of a transaction: change attributes, creating the item where there is none."""

    key: Mapping[str, object]
    expression: str
    condition: str | None = None
    names: Names | None = None
    values: Values | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """A write of a transaction: remove the item."""

    key: Mapping[str, object]
    condition: str | None = None
    names: Names | None = None
    values: Values | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A part of a transaction that writes nothing: the condition must hold."""

    key: Mapping[str, object]
    condition: str
    names: Names | None = None
    values: Values | None = None


Write = Put | Update | Delete | Check
