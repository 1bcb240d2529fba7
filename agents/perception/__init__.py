"""Perception networks taught and judged on labelled pictures: from a YAML to a run folder, and to a number."""
