"""Durations, as whole seconds."""

from __future__ import annotations

from aws_cdk import Duration


def whole_seconds(
    name: str, duration: Duration | None, *, default: int, least: int, most: int
) -> int:
    """Give a duration in seconds; raises ValueError outside of the limits, `name` in its text."""
    if duration is None:
        return default
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
