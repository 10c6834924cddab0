"""The ways to tell who calls."""
