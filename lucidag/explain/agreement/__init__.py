"""How far explanations agree with each other and with masks of the localisation."""
