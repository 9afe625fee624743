"""Departments: which part of the house a person sees, and which scans are of which."""
