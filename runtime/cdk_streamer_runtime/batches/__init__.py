"""Durable batches: discover, publish in chunks, aggregate."""
