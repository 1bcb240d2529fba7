"""Pictures for people and for policies: what is drawn onto frames, written into videos and shown in windows."""
