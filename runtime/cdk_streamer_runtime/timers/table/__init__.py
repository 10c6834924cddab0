"""How timers and shards lie in the table, and how they are read and written."""
