"""The REST API: requests in, documents and problems out."""
