"""How long patients' data stay: erasing, legal holds, expiry by rule."""
