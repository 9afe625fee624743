"""The living model card: what is known of a version, each thing with its date and its evidence."""
