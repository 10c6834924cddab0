"""What the office's constructs run."""
