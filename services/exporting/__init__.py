"""Results as files for other systems: DICOM objects for the PACS, plain files for everybody else."""
