"""Results leave for other systems: by which rules, what waits and what went, and the sending itself."""
