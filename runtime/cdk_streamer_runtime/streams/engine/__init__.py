"""Runs pipelines over what Lambda hands over."""
