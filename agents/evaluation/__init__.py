"""How good a policy is: held-out episodes, intervals, results files."""
