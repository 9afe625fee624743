"""Boards: several numbers over time, each counted by the service that its own page shows."""
