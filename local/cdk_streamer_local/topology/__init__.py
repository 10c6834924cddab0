"""The topology of an app: its stream processors, their rules, and what lies between them."""
