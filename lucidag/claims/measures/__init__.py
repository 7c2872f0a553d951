"""What a claim may be measured by: one file a family of measures, each a small function of named tables."""
