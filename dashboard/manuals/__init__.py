"""The manuals as a site: built from docs/ at set-up, served under /help."""
