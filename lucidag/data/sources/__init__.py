"""The data sources, one module each: the keys, what is known before anything runs, and how the images are made."""
