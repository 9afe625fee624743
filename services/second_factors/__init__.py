"""What signs a person in beside the password: codes of an app, recovery codes, passkeys."""
