"""What counts of a scan now: one narrow row each, written with the stores and counted in memory."""
