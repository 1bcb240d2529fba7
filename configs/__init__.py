"""One YAML file per shipped agent: what its experiment changes of the defaults, which live in the code."""
