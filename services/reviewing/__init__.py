"""What clinicians work with: the worklist, pictures of a scan, reviews, and requests for them."""
