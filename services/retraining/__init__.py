"""Retraining on this house's own truths: proposed by drift or new truths, and promoted by a person alone."""
