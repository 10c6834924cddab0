"""Reads what is due soon, minute after minute, and sends it."""
