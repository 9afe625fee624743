"""Backups of the whole house while it works, and the way back."""
