"""What units are called: concepts, scores, and how far a label is to be believed."""
