"""`cdk-streamer streams`: the faults of stream processors."""
