"""Timers: made, changed and listed over the REST API of a PeriodicTimer."""
