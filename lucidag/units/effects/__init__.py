"""What a network loses without a unit."""
