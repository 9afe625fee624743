"""Brain tumour segmentation on FLAIR or contrast-enhanced T1 slices and volumes."""
