"""NIfTI: volumes, and where their headers say that they lie."""
