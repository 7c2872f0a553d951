"""What each unit detects: labels by a CLIP, annotations and pixels, their comparison, and the roles of units."""
