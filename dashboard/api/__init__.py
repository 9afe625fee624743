"""The API under /api/v1, by subject, and its OpenAPI document."""
