"""The stores: one a noun, records in and records out, the only SQL."""
