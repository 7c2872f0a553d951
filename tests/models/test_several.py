"""Networks with several outputs give their logits alone."""

from collections import OrderedDict

import pytest
import torch
from torch import nn

from lucidag.ground.errors import InputError
from lucidag.models.network import open_network
from lucidag.models.several import with_logits_alone

CLASSES = 3


class Heads(nn.Module):
    """Two heads and what they stand on, given in some form."""

    def __init__(self, form, classes=CLASSES):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 5), nn.ReLU())
        self.classes, self.age, self.form = nn.Linear(5, classes), nn.Linear(5, 1), form

    def forward(self, x):
        x = self.body(x)
        return self.form(self.classes(x), self.age(x), x)


class Output(OrderedDict):
    """As Hugging Face's models give: a mapping whose values are attributes too."""

    @property
    def logits(self):
        return self["logits"]


FORMS = {
    "tuple": lambda z, age, x: (z, age),
    "list, not in front": lambda z, age, x: [age, z],
    "mapping": lambda z, age, x: {"classes": z, "age": age},
    "of a class of its own": lambda z, age, x: Output(logits=z, hidden=x),
    "nested": lambda z, age, x: (x, {"heads": [age, z]}),
    "by name among equals": lambda z, age, x: {"auxiliary": 2 * z, "logits": z},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_logits_are_found_wherever_they_stand(form, seed):
    torch.manual_seed(seed)
    model, x = Heads(FORMS[form]), torch.rand(4, 3, 8, 8)
    truth, names = model.classes(model.body(x)), list(model.state_dict())
    said = with_logits_alone(model, x, CLASSES)
    assert said is not None
    assert said.startswith("network 'Heads' gives 2 outputs" if form != "nested" else "network 'Heads' gives 3 outputs")
    assert torch.equal(model(x), truth)
    assert list(model.state_dict()) == names
    assert type(model).__name__ == "Heads"
    assert with_logits_alone(model, x, CLASSES) is None


def test_one_logit_beside_features_is_the_logit_of_two_classes():
    model, x = Heads(lambda z, age, x: (x, age)), torch.rand(4, 3, 8, 8)
    assert "[1] of them" in with_logits_alone(model, x, 2)
    assert torch.equal(model(x), model.age(model.body(x)))


@pytest.mark.parametrize(
    ("form", "parts"),
    [
        (lambda z, age, x: (z, 2 * z), ["several outputs that could be its logits ([0], [1])"]),
        (lambda z, age, x: {"a": z, "b": [age, z]}, ["(['a'], ['b'][1])", "call it 'logits'"]),
    ],
)
def test_which_of_several_is_not_guessed(form, parts):
    with pytest.raises(InputError) as caught:
        with_logits_alone(Heads(form), torch.rand(4, 3, 8, 8), CLASSES)
    assert all(part in str(caught.value) for part in parts)


@pytest.mark.parametrize("form", [lambda z, age, x: z, lambda z, age, x: (age, x), lambda z, age, x: 1.5])
def test_any_other_is_left_as_it_is(form):
    model = Heads(form)
    assert with_logits_alone(model, torch.rand(4, 3, 8, 8), CLASSES) is None
    assert type(model) is Heads


def two_heads(num_classes):
    """Make a network as a configuration names one."""
    return Heads(FORMS["tuple"], num_classes)


def test_an_opened_network_gives_logits_and_says_so():
    settings = {
        "architecture": "tests.models.test_several:two_heads",
        "options": {},
        "input": {"size": 8, "channels": 3, "resize": "stretch", "mean": [0.5] * 3, "std": [0.5] * 3},
        "head": None,
    }
    network = open_network(settings, 4)
    assert network.model(network.inputs.example()).shape[1] == 4
    assert network.head == "classes"
    assert network.notes == ("network 'Heads' gives 2 outputs: [0] of them is its logits",)
