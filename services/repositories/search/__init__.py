"""Finding entries: what the index holds of each, who it may be found by, and what was asked for."""
