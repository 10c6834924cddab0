"""The database that stands on somebody's premises: it bears five connections, and no more."""
