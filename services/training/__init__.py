"""Training and evaluating tasks, and what leaves the house to train on."""
