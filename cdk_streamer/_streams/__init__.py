"""The parts of a StreamProcessor."""
