"""Bulk imports: an inventory first, then decoding and reading in batches that may be killed at any time."""
