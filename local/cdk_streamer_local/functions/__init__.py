"""Deployed functions: what they get, what they say, where they run."""
