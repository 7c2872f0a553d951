"""Networks that do not give one logit per class are refused, with advice that is right for what they give."""

import pytest
import torch
from torch import nn

from lucidag.ground.errors import InputError
from lucidag.models.logits import with_logits
from lucidag.models.network import open_network
from lucidag.models.outputs import advice, check_outputs
from lucidag.models.small import small_cnn
from lucidag.models.weights import load_weights


class Functional(nn.Module):
    """A network whose last step is a function, and no module."""

    def __init__(self, last, squeeze: bool = False) -> None:
        super().__init__()
        self.flatten, self.fc, self.last, self.squeeze = nn.Flatten(), nn.Linear(12, 3), last, squeeze

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Give three numbers an image."""
        found = self.last(self.fc(self.flatten(images)))
        return found[None].squeeze(0) if self.squeeze else found


def layers(*last: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 3), *last)


EXAMPLE = torch.randn(2, 3, 2, 2)


@pytest.mark.parametrize(
    "model",
    [
        layers(nn.Sigmoid()),
        layers(nn.LogSigmoid()),
        layers(nn.Sigmoid(), nn.Identity()),
        Functional(torch.sigmoid),
        Functional(torch.sigmoid, squeeze=True),
        Functional(nn.functional.logsigmoid),
    ],
)
@pytest.mark.parametrize("frozen", [False, True])
def test_several_labels_at_once_are_refused(model: nn.Module, frozen: bool) -> None:
    model.requires_grad_(not frozen)
    with pytest.raises(InputError, match=r"ends in a sigmoid.*several classes at once"):
        check_outputs(model, EXAMPLE, 3)


@pytest.mark.parametrize("model", [layers(nn.Softmax(1)), Functional(lambda x: x.softmax(1), squeeze=True)])
def test_probabilities_are_turned_into_logits(model: nn.Module) -> None:
    before = model.eval()(EXAMPLE)
    check_outputs(model, EXAMPLE, 3)
    said = with_logits(model, EXAMPLE)
    assert said is not None
    assert "the input of its last softmax is taken for logits" in said
    assert torch.allclose(model(EXAMPLE).softmax(1), before, atol=1e-6)
    assert not torch.allclose(model(EXAMPLE), before)


@pytest.mark.parametrize(
    "model",
    [layers(), layers(nn.LogSoftmax(1)), layers(nn.BatchNorm1d(3)), Functional(lambda x: x * 2), layers(nn.ReLU())],
)
def test_logits_are_taken_and_the_modes_stay(model: nn.Module) -> None:
    model.train()
    check_outputs(model, EXAMPLE, 3)
    assert all(module.training for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_gates_inside_a_network_are_no_ending() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.Sigmoid(), nn.Linear(8, 3))
    check_outputs(model, EXAMPLE, 3)


def test_images_of_another_shape_are_refused() -> None:
    with pytest.raises(InputError, match=r"refuses images of 3 x 4 x 4 .*input.size \(frames are square\)"):
        check_outputs(layers(), torch.randn(2, 3, 4, 4), 3)
    with pytest.raises(InputError, match="N x classes logits"):
        check_outputs(nn.Conv2d(3, 3, 1), EXAMPLE, 3)


WAYS = [
    (1, 2, ["one logit", "build the network with that one output", "two classes"], ["new_head"]),
    (1, 5, ["one logit per class", "it serves two classes"], ["new_head"]),
    (2, 5, ["does not know all", "leave out", "new_head"], []),
    (9, 10, ["does not know all", "new_head"], []),
    (1000, 10, ["ImageNet's", "all 1000 names", "config/imagenet.yaml", "new_head"], ["background"]),
    (1001, 10, ["ImageNet's and a background class", "all 1001 names", "'background' in the first line"], []),
    (1001, 1000, ["background class", "all 1001 names"], ["ImageNet's"]),
    (21841, 10, ["ImageNet-21k's", "all 21841 names"], ["background"]),
    (21843, 1000, ["ImageNet-21k's"], []),
    (11221, 5, ["ImageNet-21k's"], []),
    (11, 10, ["background class", "all 11 names"], ["ImageNet"]),
    (101, 10, ["the network knows more", "all 101 names", "new_head"], ["background", "ImageNet"]),
    (1000, 1001, ["does not know all"], ["ImageNet's"]),
]


@pytest.mark.parametrize(("outputs", "classes", "parts", "never"), WAYS)
def test_advice_is_that_of_the_way_in_which_the_numbers_differ(outputs, classes, parts, never) -> None:
    sentence = advice(outputs, classes)
    assert all(part in sentence for part in parts), sentence
    assert not any(part in sentence for part in never), sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(("outputs", "classes"), [(1, 3), (3, 5), (1000, 10), (11, 10)])
def test_weights_for_another_number_of_classes_give_the_advice(outputs: int, classes: int, tmp_path) -> None:
    torch.save(small_cnn(outputs, width=4).state_dict(), tmp_path / "mine.PTH")
    with pytest.raises(InputError) as caught:
        load_weights(small_cnn(classes, width=4), str(tmp_path / "mine.PTH"), head="fc")
    assert f"'fc' is for {outputs} class" in str(caught.value)
    assert f"the data set has {classes}: {advice(outputs, classes)}" in str(caught.value)


def test_a_head_that_is_a_convolution_gives_the_advice_too(tmp_path) -> None:
    def make(classes: int) -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, classes, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        )

    torch.save(make(1000).state_dict(), tmp_path / "w.pth")
    with pytest.raises(InputError, match="'2' is for 1000 classes, and the data set has 7: these are ImageNet's"):
        load_weights(make(7), str(tmp_path / "w.pth"))


def test_another_width_is_no_other_number_of_classes(tmp_path) -> None:
    torch.save(small_cnn(3, width=8).state_dict(), tmp_path / "w.pth")
    with pytest.raises(InputError, match="of another shape"):
        load_weights(small_cnn(3, width=4), str(tmp_path / "w.pth"), head="fc")


def test_a_factory_that_gives_what_it_wants(tmp_path, monkeypatch) -> None:
    (tmp_path / "fixed_outputs.py").write_text(
        "from torch import nn\n\n\ndef make(num_classes):\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(12, 1000))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    settings = {"architecture": "fixed_outputs:make", "options": {}, "input": {"size": 2}, "head": None}
    with pytest.raises(InputError, match="gives 1000 outputs, and the data set has 10 classes: these are ImageNet's"):
        open_network(settings, 10)
