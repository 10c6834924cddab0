"""Durations, as whole seconds."""

from __future__ import annotations

from typing import cast

from aws_cdk import Duration


def whole_seconds(
    name: str, duration: Duration | None, *, default: int, least: int, most: int
) -> int:
    """Give a duration in seconds; raises ValueError outside of the limits, `name` in its text."""
    if duration is None:
        return default
    if not isinstance(cast("object", duration), Duration):
        raise ValueError(  # noqa: TRY004 - as all that is wrong with arguments
            f"{name} must be a Duration, got {duration!r}; "
            f"pass such as Duration.seconds({default}), or leave it out for that"
        )
    # Token.is_unresolved(duration) is False even for Duration.seconds(a token).
    if duration.is_unresolved():
        raise ValueError(f"{name} must be known when the app is synthesized, got a token")
    seconds = duration.to_milliseconds() / 1000
    if not seconds.is_integer() or not least <= seconds <= most:
        raise ValueError(
            f"{name} must be {least} to {most} whole seconds, got {seconds:g}; "
            f"leave it out for {default}"
        )
    return int(seconds)
