"""Which pipelines take an event."""
