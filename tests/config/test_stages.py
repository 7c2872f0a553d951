"""What the documents say that stages take is what they take."""

import re

import pytest
import torch
from torch import nn

from lucidag.config.schema import Config
from lucidag.config.stages import needs, page
from lucidag.explain.methods.registry import METHODS
from lucidag.ground.errors import InputError
from lucidag.models import endings
from lucidag.models.describe import describe
from lucidag.models.inputs import Inputs
from lucidag.models.layers import KINDS, find_layer
from lucidag.models.network import open_network


class Every(nn.Module):
    """A layer of each kind, named after it, and one that is a function; all lead to the logits."""

    def __init__(self) -> None:
        super().__init__()
        self.maps, self.last, self.points = nn.Conv2d(3, 4, 3), nn.Linear(4, 4), nn.Conv2d(4, 4, 6)
        self.vectors, self.tokens, self.fc = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, x):
        maps = self.last(torch.relu(self.maps(x)).permute(0, 2, 3, 1))
        tokens = self.tokens(maps.flatten(1, 2))
        points = self.points(maps.permute(0, 3, 1, 2))
        return self.fc(self.vectors(points.flatten(1)) + tokens.mean(1))


NAMES = dict(zip(KINDS, ("maps", "last", "points", "vectors", "tokens"), strict=True))


def tables() -> list[dict[str, dict[str, str]]]:
    """Return the tables of the page, by row and column."""
    found: list[dict[str, dict[str, str]]] = []
    for block in re.findall(r"(?:^\|.*\n)+", page(), re.MULTILINE):
        head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()]
        found.append({row[0]: dict(zip(head, row, strict=True)) for row in rows})
    return found


def test_each_stage_takes_the_layers_that_its_row_names() -> None:
    layers, rows = describe(Every(), torch.rand(1, 3, 8, 8)), tables()[0]
    asked = [each for each in needs() if each.layer is not None]
    assert len(asked) >= 4
    for each in asked:
        assert each.layer is not None
        cells = list(rows[each.stage].values())[3:]
        for name, cell in zip([*NAMES.values(), "relu"], cells, strict=True):
            try:
                found = find_layer(layers, name, each.layer)
            except InputError:
                assert cell == "no", (each.stage, name)
            else:
                assert cell == "yes", (each.stage, name)
                assert found.units == 4


def test_each_stage_and_method_has_a_row() -> None:
    rows = tables()[0]
    words = " ".join(rows) + " class activation maps"
    for name, place in METHODS.items():
        assert f"`{name}`" in words or "Cam" in place, name
    keys = {row["key"].strip("`").split(".")[0] for row in rows.values()}
    assert keys <= set(Config.model_fields)
    assert {"models", "rof", "explain", "relevance", "faithfulness", "dissect", "artefacts", "shortcuts"} <= keys


class Ends(nn.Module):
    """A convolution, a mean and an ending."""

    def __init__(self, outputs: int, end: str) -> None:
        super().__init__()
        self.conv, self.fc, self.end = nn.Conv2d(3, 5, 3), nn.Linear(5, outputs), end

    def forward(self, x):
        features = torch.relu(self.conv(x)).mean((2, 3))
        logits = self.fc(features)
        return {
            "plain": logits,
            "softmax": logits.softmax(1),
            "log": logits.log_softmax(1),
            "sigmoid": logits.sigmoid(),
            "pair": (features, logits),
            "mixed": logits * features[:, :1] + x[:, 0, 0, :1],
        }[self.end]


def linear(num_classes: int) -> nn.Module:
    return Ends(num_classes, "plain")


def softmax(num_classes: int) -> nn.Module:
    return Ends(num_classes, "softmax")


def log_softmax(num_classes: int) -> nn.Module:
    return Ends(num_classes, "log")


def averaged(num_classes: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 5, 3), nn.ReLU(), nn.Conv2d(5, num_classes, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )


def through_a_relu(num_classes: int) -> nn.Module:
    return nn.Sequential(*averaged(num_classes)[:3], nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def one_logit(num_classes: int) -> nn.Module:
    return Ends(1, "plain")


def sigmoid(num_classes: int) -> nn.Module:
    return Ends(1, "sigmoid")


def several(num_classes: int) -> nn.Module:
    return Ends(num_classes, "pair")


def other(num_classes: int) -> nn.Module:
    return Ends(num_classes, "mixed")


MADE = {
    endings.LINEAR: [linear],
    endings.CONVOLUTION: [averaged, through_a_relu],
    endings.PROBABILITIES: [softmax, log_softmax],
    endings.ONE_LOGIT: [one_logit, sigmoid],
    endings.SEVERAL: [several],
    endings.OTHER: [other],
}


@pytest.mark.parametrize("ending", endings.ENDINGS, ids=lambda ending: ending.title)
def test_units_in_front_of_a_last_layer_are_found_where_the_page_says(ending: endings.Ending) -> None:
    assert tables()[1][ending.title]["units in front of a last layer"] == ("yes" if ending.units else "no")
    for factory in MADE[ending]:
        settings = {
            "architecture": f"tests.config.test_stages:{factory.__name__}",
            "options": {},
            "input": Inputs(8).model_dump(mode="json"),
            "head": None,
        }
        network = open_network(settings, 2)
        assert (network.head is not None) == ending.units, factory.__name__
        assert network.model(network.inputs.example()).shape == (2, 2)
