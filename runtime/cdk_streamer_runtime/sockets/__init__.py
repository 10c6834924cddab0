"""Sockets: connections, what clients say, and what is posted to them."""
