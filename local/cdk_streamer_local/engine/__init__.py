"""The engine: its environment, its certificate, its process."""
