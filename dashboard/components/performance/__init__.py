"""What the performance page is built of."""
