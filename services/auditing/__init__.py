"""The audit trail, as people read it: who did what to what, and when."""
