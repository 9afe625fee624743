"""Decoding and reading on other machines: workers of a cluster compute, one house keeps."""
