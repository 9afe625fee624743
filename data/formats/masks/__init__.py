"""Mask files: which values are the finding, and turning them to a scan's display order."""
