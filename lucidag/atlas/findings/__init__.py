"""What the results say, in sentences that rules make of tables: a file for each analysis."""
