"""Content in, bytes out: files to take away. No database, no pages."""
