"""Receipts: hundreds of images in one request, and a database that bears five connections."""
