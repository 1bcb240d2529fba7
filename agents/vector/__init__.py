"""Many environments in a few processes over shared memory."""
