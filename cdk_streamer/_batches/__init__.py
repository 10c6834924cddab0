"""What a DurableBatch is made of."""
