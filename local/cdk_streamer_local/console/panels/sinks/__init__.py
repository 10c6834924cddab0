"""Throttled sinks: their circuits, how fast they deliver, and what they could not."""
