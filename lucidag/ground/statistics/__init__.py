"""The statistics of all analyses: intervals, corrections, permutation tests and ranks."""
