"""What acts: networks, scripted rivals, and how a policy is found by name."""
