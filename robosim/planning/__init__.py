"""Ways over a level floor: the grid, shortest distances and paths on it, and a planner that adds what a lidar sees."""
