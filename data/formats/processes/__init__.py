"""Decoding in child processes that may hang, starve or crash without harm: uploads, batches, first looks."""
