"""The configuration: one typed model gives the checks, the defaults, the JSON schema and the reference page."""
