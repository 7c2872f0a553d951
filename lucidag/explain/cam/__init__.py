"""Class activation maps: exact fast paths, with pytorch-grad-cam as reference and general path."""
