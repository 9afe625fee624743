"""From bytes to a result: uploads, intake, the suitability gate, and the reading itself."""
