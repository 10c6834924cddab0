"""The micro event store: what has happened, by what it belongs to."""
