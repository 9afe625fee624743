"""Synthetic patients, really decoded and read, to see every page alive."""
