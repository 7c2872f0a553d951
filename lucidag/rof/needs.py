"""What retrieval of function needs of a network."""

from lucidag.models.needs import Needs

NEEDS = Needs("retrieval of function", "rof", "units in front of a last layer")
