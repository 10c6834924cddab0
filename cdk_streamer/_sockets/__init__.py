"""The parts of a ProgressWebSocket."""
