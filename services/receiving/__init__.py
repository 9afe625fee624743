"""What scanners and the PACS send: received by the DICOM node, handed to the reading by the server."""
