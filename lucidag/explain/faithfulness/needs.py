"""What the measures of faithfulness need of a network."""

from lucidag.models.needs import Needs

NEEDS = Needs("faithfulness", "faithfulness", "what its methods need; weights, which are randomised")
