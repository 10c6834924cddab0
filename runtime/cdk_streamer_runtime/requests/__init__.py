"""Requests: accepted, worked on, watched over, answered."""
