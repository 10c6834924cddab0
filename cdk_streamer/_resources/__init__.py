"""Resources with the constructs' own defaults, and why checkers may find what they find."""
