"""A deterministic simulation of the whole request protocol, with faults at every step."""
