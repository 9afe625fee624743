"""Plain Flask pages of signing in beside the password: the second step, passkeys, and setting factors up."""
