"""What functions run: assets, requirements, the user's handlers."""
