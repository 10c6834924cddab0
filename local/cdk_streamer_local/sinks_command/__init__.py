"""`cdk-streamer sinks`: what operators do with throttled sinks."""
