"""Durable executions: of batches, of requests, and of functions of the user's own."""
