"""What stream processors promise, sentence by sentence."""
