"""Event source mappings of streams: what Lambda does between a shard and a function.

`lane` decides without clock, threads or network; `poller` does what it decides, in the engine's
process. The standard library is all that may be imported here.
"""
