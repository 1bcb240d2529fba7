"""What people look at: films of episodes, charts, the report."""
