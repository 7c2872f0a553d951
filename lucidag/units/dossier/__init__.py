"""The dossier of a layer: one row per unit, with what every analysis says of it, where it is from, and what is not."""
