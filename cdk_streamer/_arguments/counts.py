"""Numbers of things."""

from __future__ import annotations

from aws_cdk import Token


def count(name: str, value: int, *, least: int, most: int, remedy: str) -> int:
    """Give a number within the limits; raises ValueError with `name` and the remedy."""
    if isinstance(value, bool) or not isinstance(value, int) or Token.is_unresolved(value):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError(f"{name} must be a whole number, got {value!r}; {remedy}")
    if not least <= value <= most:
        raise ValueError(f"{name} must be {least} to {most}, got {value!r}; {remedy}")
    return value
