"""What an image holds beside its subject, and how much of the label that gives away."""
