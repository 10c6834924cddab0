"""Queues: what is in them, who reads and fills them, and where goes what nobody could do."""
