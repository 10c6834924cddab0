"""How much a caller may ask for: rates, and requests that are open at once."""
