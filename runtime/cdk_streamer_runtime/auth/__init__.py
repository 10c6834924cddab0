"""Who may connect: reads a token strictly, checks its signature, and answers API Gateway."""
