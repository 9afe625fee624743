"""Small pure builders: records in, components out."""
