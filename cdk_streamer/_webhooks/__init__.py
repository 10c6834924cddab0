"""What tells callers' own servers how their requests ended."""
