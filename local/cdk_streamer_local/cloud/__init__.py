"""From an app to deployed stacks."""
