"""PNG, JPEG, TIFF, WebP and BMP, as people see them."""
