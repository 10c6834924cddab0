"""From an edit to updated functions."""
