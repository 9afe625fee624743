"""Acquisition: which sequence a brain MRI shows, and whether a chest X-ray is a frontal one."""
