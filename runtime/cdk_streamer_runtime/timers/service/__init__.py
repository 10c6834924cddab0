"""Timers as their users have them: created, changed, deleted, shown and listed."""
