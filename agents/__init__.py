"""Policies, learning, judging. Import the modules by name: the package alone loads neither torch nor SB3."""
