"""Where planted units are: light, as rules read it."""

FACTORY = "lucidag.models.planted:make"
LAYER = "units"
