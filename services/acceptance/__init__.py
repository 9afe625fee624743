"""Local acceptance: protocols, tests of versions on scanners, signed records."""
