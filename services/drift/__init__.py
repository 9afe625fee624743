"""Drift of inputs and outputs against a frozen reference, down to the scans behind it."""
