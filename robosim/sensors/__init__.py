"""Sensors, one a file: each states its space, units and frame; `timing.py` gives any of them rate and latency."""
