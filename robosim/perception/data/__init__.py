"""Labelled pictures in any amount: drawn in worlds from seeds, kept in shards, read back for training."""
