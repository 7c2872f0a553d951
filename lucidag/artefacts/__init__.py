"""What a picture holds beside its subject, and how much of the label that gives away."""
