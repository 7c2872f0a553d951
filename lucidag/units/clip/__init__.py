"""Models that embed images and words alike: published, from a file, or trained here."""
