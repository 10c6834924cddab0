"""Progress: what is reported, how often it is sent, and who carries it."""
