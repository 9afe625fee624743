"""What the cohort page is built of."""
