"""Sets of scans that a chosen version is had to read, apart from everything clinical."""
