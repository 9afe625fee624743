"""How readers read, told fairly: by group, by pseudonym, and to each reader their own."""
