"""DICOM: from files to series, frames, places and stacks; identities, de-identification, display values."""
