"""Firings on their way: messages, batches, dead letters."""
