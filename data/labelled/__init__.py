"""Labelled data: data sets to train and evaluate on, label files, and synthetic patients."""
