"""Edges: other houses beside a scanner, whose scans and results are taken in here when they reach us."""
