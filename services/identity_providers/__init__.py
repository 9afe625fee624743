"""Signing in with the hospital's accounts: an OpenID provider, a directory, the roles that groups give."""
