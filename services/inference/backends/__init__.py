"""What runs a network: one file a library, and the one way in which they are asked."""
