"""Statistics of judged results: scores, subgroups and paired differences of versions."""
