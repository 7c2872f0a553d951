"""The report: one notebook of all results, which a reader can run and change."""
