"""Model versions: the registry, what serves, rehearsals, the promotion gate, promotions and uploads."""
