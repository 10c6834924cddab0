"""The timers of PeriodicTimers: found, listed, looked at and acted on."""
