"""The functions' code: what the stack deploys from this folder."""
