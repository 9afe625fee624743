"""What came through the house: counts, charts, comparisons and files of any choice of scans."""
