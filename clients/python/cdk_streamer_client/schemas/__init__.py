"""The JSON Schemas of the protocol's messages."""

from cdk_streamer_client.schemas.documents import closed, schema

__all__ = ["closed", "schema"]
