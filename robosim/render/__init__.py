"""Pictures: the rasteriser for robots and for people, what is drawn onto frames, videos and windows."""
