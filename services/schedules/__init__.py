"""What is run periodically, and when."""
