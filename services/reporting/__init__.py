"""Reports: one writer a kind, and who keeps, signs and hands them out."""
