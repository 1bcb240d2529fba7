"""An agent on disk: a folder that loads without running code, and where it came from."""
