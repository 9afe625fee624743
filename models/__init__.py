"""The networks: architectures, preprocessing, training, evaluation and the shipped weights."""
