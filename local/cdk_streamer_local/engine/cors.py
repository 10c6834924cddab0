"""Lets the engine read what a template says of CORS; in the engine's process.

CloudFormation's members begin with a capital letter, and the engine looks for small ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def read_templates(apis: Any) -> None:  # noqa: ANN401 - a module of the engine
    """Have the engine's HTTP APIs find their configuration, wherever it is from."""
    for name in ("_cors_preflight_response", "_cors_response_headers"):
        setattr(apis, name, _reading(getattr(apis, name)))


def readable(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Give the configuration in the words of API Gateway's own calls."""
    return {f"{name[0].lower()}{name[1:]}": value for name, value in configuration.items()}


def _reading(answer: Callable[..., object]) -> Callable[[Mapping[str, Any], str], object]:
    return lambda configuration, origin: answer(readable(configuration), origin)
