"""The callback's code: what the stack deploys from this folder."""
