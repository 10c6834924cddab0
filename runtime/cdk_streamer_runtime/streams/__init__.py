"""Stream processing: events, units of work, and where they come from."""
