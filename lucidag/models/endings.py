"""How a network may end, and whether there are units in front of its last layer."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Ending:
    """One way to end.

    Attributes
    ----------
    title
        In words.
    units
        Whether units in front of a last layer are found.
    """

    title: str
    units: bool


LINEAR = Ending("a linear layer", units=True)
CONVOLUTION = Ending("a 1 x 1 convolution, functions of single numbers such as a ReLU, and an average", units=True)
PROBABILITIES = Ending("one of these and softmax or log-softmax, which is left out", units=True)
ONE_LOGIT = Ending("a linear layer with one logit, before or behind a sigmoid, for two classes", units=True)
SEVERAL = Ending("several outputs, one of them the logits of a linear layer", units=True)
OTHER = Ending("anything else that gives a logit per class", units=False)
ENDINGS = (LINEAR, CONVOLUTION, PROBABILITIES, ONE_LOGIT, SEVERAL, OTHER)
