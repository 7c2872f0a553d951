"""Claims of earlier projects, each held against what a configuration measures: the ledger."""
