"""People and forklifts that move about in a warehouse, by rules of their own: `robosim.worlds.traffic.traffic`."""
