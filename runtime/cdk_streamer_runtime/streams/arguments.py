"""Arguments of an app: those that are wrong are told when it is made, and not by a record."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def names(argument: str, value: object, example: str) -> tuple[str, ...]:
    """Give names, of which one alone needs no list; raises ValueError for anything else."""
    if isinstance(value, str):
        return (value,)
    listed: list[object] = list(value) if isinstance(value, Iterable) else [value]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    texts = tuple(each for each in listed if isinstance(each, str))
    if len(texts) != len(listed):
        raise ValueError(f"{argument} must be names, got {value!r}; write {argument}=[{example!r}]")
    return texts


def function(argument: str, value: object, example: str) -> None:
    """Refuse what nobody can call; None is no function to call."""
    if value is not None and not callable(value):
        raise ValueError(f"{argument} must be a function like {example}, got {value!r}")


def instance(argument: str, value: object, find: Callable[[], type]) -> None:
    """Refuse what is of another class; None is nothing to look at, and loads no class."""
    if value is not None and not isinstance(value, kind := find()):
        raise ValueError(f"{argument} must be of {kind.__name__}, got {value!r}")
