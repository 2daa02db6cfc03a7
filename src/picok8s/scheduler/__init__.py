"""Pod and nodes to binding: filters and scores are tables of pure functions."""
