"""The atlas: one page that shows all results, with a sentence for each analysis and its evidence one click away."""
