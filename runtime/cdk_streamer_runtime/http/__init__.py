"""The same requests for callers without a socket: an HTTP API over the same parts."""
