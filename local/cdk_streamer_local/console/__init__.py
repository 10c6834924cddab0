"""The page that the command serves: what runs here, live, with a hand on it."""
