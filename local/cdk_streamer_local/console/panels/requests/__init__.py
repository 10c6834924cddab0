"""Requests of AsyncRequestApis: all of an app's, one in detail, and who may act on it."""
