"""Heads: what is read off an encoder's maps, and what it costs to be wrong about it."""
