"""Lambda entry points, one a file: decode, one call, encode."""
