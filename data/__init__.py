"""The ground floor: nouns, errors, formats, stores. It imports nothing of ours above it."""
