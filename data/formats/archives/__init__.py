"""Archives, and what is unpacked of them under limits."""
