"""The API under /api/v1, by subject. Its document is made of the operations and of `models_*`."""
