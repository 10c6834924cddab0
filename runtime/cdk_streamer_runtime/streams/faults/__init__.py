"""What could not be done, as events."""
