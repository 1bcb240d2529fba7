"""Robots, one a file: each wraps a URDF of ``assets/`` or of ``pybullet_data``."""
