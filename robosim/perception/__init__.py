"""What a camera's picture means: networks that see, what they are taught with, and how well they do. Torch, no envs."""
