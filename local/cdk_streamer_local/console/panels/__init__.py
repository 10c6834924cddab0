"""What the console shows: one panel a noun, each read and acted on by itself."""
