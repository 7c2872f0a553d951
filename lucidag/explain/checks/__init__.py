"""Each run checks itself: explanations compared with those of the libraries that have the same methods."""
