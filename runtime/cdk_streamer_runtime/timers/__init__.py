"""Timers: when they fire, where they are kept and how they are sent."""
