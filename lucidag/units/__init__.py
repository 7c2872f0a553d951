"""What each unit detects: CLIP-Dissect and Network Dissection, their comparison, and the roles of the units."""
