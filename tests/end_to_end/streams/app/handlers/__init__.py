"""The code of all processors."""
