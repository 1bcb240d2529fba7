"""PPO from an experiment to a run folder: sampling, updates, validation, checkpoints."""
