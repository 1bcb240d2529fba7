"""Worlds, one a file: what a robot stands on and moves among."""
