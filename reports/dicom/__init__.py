"""Results as DICOM objects: content in, bytes of a file out, a file a kind of object."""
