"""Applications that use cdk-streamer; the tests run every one of them."""
