"""How the house is put together: one function a subject, on the stores that are opened here."""
