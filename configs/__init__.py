"""One YAML file per experiment: what it changes of the defaults, which live in the code."""
