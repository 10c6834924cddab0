"""The client of an API that cdk-streamer deployed: requests, live progress, channels."""
