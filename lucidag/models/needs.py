"""What a stage needs of a network, as each stage says of itself; the documents list them."""

from dataclasses import dataclass

from lucidag.models.layers import Takes


@dataclass(frozen=True)
class Needs:
    """What one stage needs.

    Attributes
    ----------
    stage
        What readers call it.
    key
        Where the configuration asks for it.
    network
        What it needs of the network as a whole, in words.
    layer
        What it takes for a layer; None: it looks at none.
    """

    stage: str
    key: str
    network: str
    layer: Takes | None = None


NEEDS = Needs("training, import, evaluation, features", "models", "one logit per class, or one for two classes")
