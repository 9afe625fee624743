"""The verbs: one use case a file. Plain Python in, records out."""
