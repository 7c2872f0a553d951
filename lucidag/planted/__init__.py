"""Units of known kinds: what each method says of them, held against the truth."""
