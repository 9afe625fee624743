"""How good each version is, in validation (from MLflow) and in real use (from reviews)."""
