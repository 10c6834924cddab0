"""The micro event store: events kept in a table until those that belong together are there."""
