"""How faithful explanations are to the network: measured, compared, ranked."""
