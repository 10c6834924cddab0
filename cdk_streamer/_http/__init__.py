"""The HTTP API of an AsyncRequestApi."""
