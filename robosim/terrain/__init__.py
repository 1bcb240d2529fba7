"""Rough ground as numbers: its shapes, and its heights at points. NumPy and Numba only."""
