"""The parts of a PeriodicTimer."""
