"""What pipelines are made of."""
