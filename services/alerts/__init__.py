"""Alerts: one life a cause, and their delivery by mail and webhook."""
