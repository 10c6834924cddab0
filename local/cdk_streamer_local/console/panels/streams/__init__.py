"""Stream processors: what they read, by which rules, and what they could not do."""
