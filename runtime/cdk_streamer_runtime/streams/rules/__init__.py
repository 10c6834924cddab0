"""Pipelines that are usual enough to have a name."""
