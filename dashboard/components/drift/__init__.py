"""What the drift page is built of."""
