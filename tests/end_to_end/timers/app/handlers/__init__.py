"""The callback's code."""
