"""Checkpoints of any framework: every layout gives the network's own outputs, or a sentence that says what to do."""

import re
from pathlib import Path

import pytest
import torch
from torch import nn

from lucidag.ground.errors import InputError
from lucidag.models.build import build
from lucidag.models.matching import find_network
from lucidag.models.weights import load_weights
from tests.models import checkpoints, savers
from tests.models.checkpoints import Layout

LOADED = [*checkpoints.LOADED, *savers.LOADED]
REFUSED = [*checkpoints.REFUSED, *savers.REFUSED]


def network(seed: int) -> nn.Module:
    """Return a small network with statistics of its own in every normalisation."""
    options = {"channels": 1, "width": 4, "depth": 2}
    model = build("lucidag.models.small:small_cnn", 3, options, seed)
    draw = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-1, 1, generator=draw)
    return model


@pytest.mark.parametrize("layout", LOADED, ids=lambda layout: layout.words)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_layout_gives_the_outputs_of_its_network(tmp_path: Path, layout: Layout, seed: int) -> None:
    model, fresh = network(seed), network(seed + 10)
    images = torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    expected = model.eval()(images)
    path = tmp_path / layout.name
    layout.make(path, network(seed))
    load_weights(fresh, str(path), head="fc", part=layout.part)
    tolerance = 0.05 if "half" in layout.words else 0
    torch.testing.assert_close(fresh.eval()(images), expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("layout", REFUSED, ids=lambda layout: layout.words)
def test_what_is_no_such_network_is_refused_in_a_sentence(tmp_path: Path, layout: Layout, capsys) -> None:
    layout.make(tmp_path / layout.name, network(1))
    with pytest.raises(InputError, match=re.escape(layout.refused)) as caught:
        load_weights(network(5), str(tmp_path / layout.name), head="fc", part=layout.part)
    assert "\n" not in str(caught.value)
    assert layout.name in str(caught.value)
    assert capsys.readouterr().out == ""


def test_the_page_lists_these_layouts(root: Path) -> None:
    page = (root / "docs" / "checkpoints.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", page, flags=re.MULTILINE)[1:]
    assert [row[0] for row in rows] == [layout.words for layout in (*LOADED, *REFUSED)]
    assert [row[1] for row in rows] == ["loaded"] * len(LOADED) + ["refused"] * len(REFUSED)


def test_what_was_guessed_and_left_out_is_said(tmp_path: Path) -> None:
    layout = next(layout for layout in LOADED if layout.words == "Lightning")
    layout.make(tmp_path / layout.name, network(1))
    part, left_out = load_weights(network(2), str(tmp_path / layout.name), head="fc")
    assert part.endswith("last.ckpt: taken from 'state_dict.model'")
    assert "left out" in left_out
    assert "state_dict.criterion.weight" in left_out


def test_a_prefix_of_the_network_is_found_too() -> None:
    """The file has the plain names, and the network wraps what they name."""
    inner = network(1)
    outer = nn.ModuleDict({"backbone": network(2)})
    own = {name: value.shape for name, value in outer.state_dict().items()}
    found = find_network(own, list(own), dict(inner.state_dict()), "x.pth")
    outer.load_state_dict(found.tensors)
    assert all(torch.equal(value, inner.state_dict()[name]) for name, value in outer.backbone.state_dict().items())


def test_a_tensor_that_two_prefixes_give_is_not_guessed() -> None:
    own = {"body.weight": torch.Size([2, 3]), "fc.weight": torch.Size([2, 2])}
    tensors = {"a.body.weight": torch.ones(2, 3), "b.fc.weight": torch.ones(2, 2), "c.fc.weight": torch.zeros(2, 2)}
    found = find_network(own, list(own), tensors, "x.pth")
    assert set(found.tensors) != set(own)
    del tensors["c.fc.weight"]
    found = find_network(own, list(own), tensors, "x.pth")
    assert {name: value.sum().item() for name, value in found.tensors.items()} == {"body.weight": 6, "fc.weight": 4}
    assert found.part == "a and b"


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "resnet10t"])
def test_a_network_of_timm_with_timms_checkpoint_gives_timms_logits_and_features(tmp_path: Path, name: str) -> None:
    import timm
    import timm.models
    import timm.utils

    from lucidag.models.head import linear_head

    trained = timm.create_model(name, num_classes=5)
    optimizer = torch.optim.SGD(trained.parameters(), 0.1)
    images = torch.rand(3, 3, *trained.pretrained_cfg["input_size"][1:])
    trained.train()(images).sum().backward()  # BatchNorm has seen something
    optimizer.step()
    timm.utils.CheckpointSaver(trained, optimizer, checkpoint_dir=str(tmp_path)).save_checkpoint(0, metric=1.0)
    theirs = timm.create_model(name, num_classes=5, checkpoint_path=str(tmp_path / "last.pth.tar")).eval()
    ours = build("timm:create_model", 5, {"model_name": name}, 3)
    load_weights(ours, str(tmp_path / "last.pth.tar"), head=linear_head(ours, images))
    seen = {}
    head = ours.get_submodule(linear_head(ours, images))
    with torch.inference_mode():
        hook = head.register_forward_pre_hook(lambda _, given: seen.update(features=given[0]))
        logits = ours.eval()(images)
        hook.remove()
        assert torch.equal(logits, theirs(images))
        assert torch.equal(seen["features"], theirs.forward_head(theirs.forward_features(images), pre_logits=True))
