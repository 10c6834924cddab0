"""Timers under faults: the real functions, and two simpler protocols beside them."""
