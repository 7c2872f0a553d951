"""The fixed words of a manifest; nothing but the standard library, because the workflow reads them too."""

SPLITS = ("train", "val", "test")

# Columns of a manifest that are no metadata.
RESERVED = ("image", "path", "label", "true_label", "split", "id", "mask", "digest")
