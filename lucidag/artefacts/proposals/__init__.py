"""What a discovery proposes, tested: by pasting, by taking out, and with its units set to 0."""
