"""What runs in a function's worker: on its path by folder, never imported from here."""
