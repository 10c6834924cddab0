"""The batch of reminders: what the stack deploys from this folder."""
