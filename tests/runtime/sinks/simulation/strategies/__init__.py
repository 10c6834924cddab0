"""Ours, and those that a simpler sink would have."""
