"""What the camera sees, learned: labelled data, networks that read pictures, and how well they do."""
