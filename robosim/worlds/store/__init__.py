"""Goods that are moved: packages with labels, shelving that they stand on, areas where they belong."""
