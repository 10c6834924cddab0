"""Sinks and their controllers under every fault that their services and downstreams have."""
