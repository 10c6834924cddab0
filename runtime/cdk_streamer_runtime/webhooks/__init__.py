"""Tells a caller's own server how a request ended, as Standard Webhooks has it."""
