"""Whether what a version says is for use here: what was suspended."""
