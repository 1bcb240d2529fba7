"""Sensors, one a file: each states its space, units and frame, and carries its own noise, rate and latency."""
