"""Events that are too large to be sent, or smaller when they are packed."""
