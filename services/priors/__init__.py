"""Priors: earlier studies of a patient, searched for in a PACS, fetched, and read to compare with."""
