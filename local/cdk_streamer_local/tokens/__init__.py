"""Tokens for development: their key, their issuer, their form."""
