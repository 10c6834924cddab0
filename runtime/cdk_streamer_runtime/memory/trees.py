"""Syntax trees of DynamoDB's expressions, with their `#names` replaced already."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Path:
    """Where a value is in an item: an attribute, then map members and list positions in it."""

    attribute: str
    inner: tuple[str | int, ...] = ()

    @property
    def steps(self) -> tuple[str | int, ...]:
        """The whole way."""
        return (self.attribute, *self.inner)


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A value that comes with the call, `:name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function over operands, in a condition or in an update."""

    function: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two operands added (`+`) or subtracted (`-`)."""

    operator: str
    left: Operand
    right: Operand


Operand = Path | Placeholder | Call | Arithmetic


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two operands and `=`, `<>`, `<`, `<=`, `>` or `>=`."""

    operator: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Between:
    """An operand within two bounds, both included."""

    operand: Operand
    lower: Operand
    upper: Operand


@dataclass(frozen=True, slots=True)
class In:
    """An operand that equals one of some others."""

    operand: Operand
    choices: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Both:
    """Two conditions that must hold (`AND`)."""

    left: Condition
    right: Condition


@dataclass(frozen=True, slots=True)
class Either:
    """Two conditions of which one must hold (`OR`)."""

    left: Condition
    right: Condition


@dataclass(frozen=True, slots=True)
class Negation:
    """A condition that must not hold."""

    condition: Condition


Condition = Comparison | Between | In | Call | Both | Either | Negation


@dataclass(frozen=True, slots=True)
class Assignment:
    """`SET path = operand`."""

    path: Path
    operand: Operand


@dataclass(frozen=True, slots=True)
class Change:
    """`ADD path :value` or `DELETE path :value`."""

    path: Path
    value: Placeholder


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """All that an update expression does, by clause."""

    assignments: tuple[Assignment, ...] = ()
    removals: tuple[Path, ...] = ()
    additions: tuple[Change, ...] = ()
    deletions: tuple[Change, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every path that is written."""
        changes = (*self.assignments, *self.additions, *self.deletions)
        return (*(change.path for change in changes), *self.removals)
