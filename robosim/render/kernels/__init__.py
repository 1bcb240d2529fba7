"""The rasteriser, a file for each step, compiled by Numba: cull → clip → fill → light. `draw.py` runs them."""
