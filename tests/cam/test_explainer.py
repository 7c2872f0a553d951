import copy

import numpy as np
import pytest
import torch
from torch import nn

from lucidag.explain.cam import seen as module
from lucidag.explain.methods.cam import CamExplainer
from lucidag.explain.methods.registry import CAM, FAMILIES
from lucidag.ground.errors import InputError
from lucidag.models.reproducible import reproducible
from tests.cam.networks import BUILDERS, cams, image, network

METHODS = tuple(FAMILIES[CAM])


@pytest.mark.parametrize("name", ["small_cnn", "densenet", "branching"])
def test_the_network_is_left_as_it_is(name):
    model = network(name).train()
    getattr(model, "features", model).eval()
    next(model.parameters()).requires_grad_(False)
    before = copy.deepcopy(model.state_dict())
    modes = [each.training for each in model.modules()]
    explainer = CamExplainer(model, image(name, 5, 2), None, 32)
    explainer.explain(image(name), cams([each for each in METHODS if each != "scorecam"]))
    assert [each.training for each in model.modules()] == modes
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert [each.requires_grad for each in model.parameters()] == [False] + [True] * (len(list(model.parameters())) - 1)
    assert all(each.grad is None for each in model.parameters())
    for held in (model, explainer._model):
        assert not any(each._forward_hooks or each._forward_pre_hooks for each in held.modules())


def test_the_predicted_class_and_a_named_one():
    model, x = network("small_cnn", 1), image("small_cnn", 1)
    explainer = CamExplainer(model, x, None, 32)
    assert explainer.layer == "blocks"
    with torch.no_grad():
        logits = model(x)[0].numpy()
    predicted = explainer.explain(x, cams(["gradcam"]))
    np.testing.assert_allclose(predicted.logits, logits, rtol=1e-5, atol=1e-6)
    assert predicted.predicted == predicted.target == logits.argmax()
    for target in range(5):
        named = explainer.explain(x, cams(["gradcam"]), target)
        assert (named.target, named.predicted) == (target, predicted.predicted)
        np.testing.assert_allclose(named.weights["gradcam"], model.fc.weight[target].detach() / 64, rtol=1e-6)


def test_results_do_not_depend_on_the_other_methods_or_the_batch_size():
    model, x = network("densenet", 2), image("densenet", 2)
    every = CamExplainer(model, x, "features.denseblock2", 32).explain(x, cams(METHODS), 1)
    assert list(every.maps) == list(METHODS)
    assert list(every.weights) == ["gradcam", "ablationcam", "scorecam", "gradcam++"]
    for method in METHODS:
        alone = CamExplainer(model, x, "features.denseblock2", batch_size=3).explain(x, cams([method]), 1)
        np.testing.assert_allclose(alone.maps[method], every.maps[method], atol=1e-4)
        assert alone.maps[method].shape == (48, 48)
        assert 0 <= alone.maps[method].min() <= alone.maps[method].max() <= 1 + 1e-6


def test_images_that_are_not_square():
    x = torch.rand(1, 3, 32, 48)
    result = CamExplainer(network("small_cnn"), x, None, 32).explain(x, cams(["gradcam", "scorecam"]))
    assert result.maps["gradcam"].shape == result.maps["scorecam"].shape == (32, 48)


def test_one_forward_pass_for_all_methods(monkeypatch):
    explainer = CamExplainer(network("densenet"), image("densenet"), "features", 32)
    passes, backward = [], []
    at, once = explainer.split.at, module.gradients
    monkeypatch.setattr(module, "gradients", lambda *a: backward.append(1) or once(*a))
    object.__setattr__(explainer.split, "at", lambda x: passes.append(1) or at(x))
    explainer.explain(image("densenet"), cams(METHODS))
    assert len(passes) == len(backward) == 1


def test_a_score_of_zero_by_hand():
    # Two channels of the image itself; logits (mean 0 - mean 1, mean 0).
    model = nn.Sequential(nn.Conv2d(2, 2, 1, bias=False), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 2))
    with torch.no_grad():
        model[0].weight[:] = torch.eye(2)[:, :, None, None]
        model[3].weight[:] = torch.tensor([[1.0, -1.0], [1.0, 0.0]])
        model[3].bias.zero_()
    x = torch.zeros(1, 2, 2, 2)
    x[0, 0, 0, 0] = x[0, 1, 1, 1] = 8
    result = CamExplainer(model, x, None, 32).explain(x, cams(["ablationcam"]), 0)
    assert result.logits[0] == 0
    np.testing.assert_array_equal(result.weights["ablationcam"], [2, -2])
    np.testing.assert_allclose(result.maps["ablationcam"], [[1, 0], [0, 0]], atol=1e-6)
    assert "logit is 0" in result.notes["ablationcam"]
    assert "ablationcam" not in CamExplainer(model, x, None, 32).explain(x, cams(["ablationcam"]), 1).notes


def test_nothing_to_show_is_said():
    model, x = network("small_cnn"), image("small_cnn")
    with torch.no_grad():
        model.blocks.block3.norm.weight.zero_()
        model.blocks.block3.norm.bias.fill_(-1)
    result = CamExplainer(model, x, "blocks", 32).explain(x, cams(METHODS))
    for method in METHODS:
        assert not result.maps[method].any()
        assert "the map is constant: there is nothing to show" in result.notes[method]
    np.testing.assert_allclose(result.weights["scorecam"], 1 / 24, rtol=1e-6)
    np.testing.assert_array_equal(result.weights["ablationcam"], 0)


def test_grad_cam_plus_plus_says_where_it_is_not_stable():
    model, x = network("small_cnn"), image("small_cnn")
    signed = CamExplainer(model, x, "blocks.block3.norm", 32).explain(x, cams(["gradcam", "gradcam++"]))
    assert "below 0" in signed.notes["gradcam++"]
    assert "gradcam" not in signed.notes
    assert "gradcam++" not in CamExplainer(model, x, "blocks", 32).explain(x, cams(["gradcam++"])).notes


def test_eigencam_says_what_it_is():
    x = image("small_cnn")
    explainer = CamExplainer(network("small_cnn"), x, None, 32)
    one, other = (explainer.explain(x, cams(["eigencam", "layercam"]), target) for target in (0, 1))
    assert "sign of its map is arbitrary" in one.notes["eigencam"]
    assert "layercam" not in one.notes
    np.testing.assert_array_equal(one.maps["eigencam"], other.maps["eigencam"])
    assert np.abs(one.maps["layercam"] - other.maps["layercam"]).max() > 0.1


@pytest.mark.parametrize("target", [-1, 5])
def test_a_target_that_is_no_class(target):
    explainer = CamExplainer(network("small_cnn"), image("small_cnn"), None, 32)
    with pytest.raises(InputError, match=rf"target is {target}; it must be a class of the network, 0 to 4"):
        explainer.explain(image("small_cnn"), cams(["gradcam"]), target)


def test_what_else_is_refused():
    x = image("small_cnn")
    explainer = CamExplainer(network("small_cnn"), x, None, 32)
    with pytest.raises(InputError, match=r"method 'grad-cam' does not exist \(did you mean 'gradcam'\?\)"):
        explainer.explain(x, cams(["grad-cam"]))
    for batch in (image("small_cnn", 0, 2), x[0]):
        with pytest.raises(InputError, match="must be 1 x C x S x S, not"):
            explainer.explain(batch, cams(["gradcam"]))
    with pytest.raises(InputError, match="NaN or infinite logits"):
        explainer.explain(x * float("nan"), cams(["gradcam"]))
    with pytest.raises(InputError, match="layer 'block3' does not exist"):
        CamExplainer(network("small_cnn"), x, "block3", 32)


def test_the_same_bytes_again():
    x = image("shufflenet")
    with reproducible("cpu", 2):
        runs = [CamExplainer(network("shufflenet"), x, "stage3", 32).explain(x, cams(METHODS)) for _ in range(2)]
    for method in METHODS:
        assert runs[0].maps[method].tobytes() == runs[1].maps[method].tobytes()


def test_the_library_is_not_imported_where_it_is_not_needed():
    import subprocess
    import sys

    code = (
        "import sys, torch; from lucidag.explain.methods.cam import CamExplainer; "
        "from lucidag.models.small import small_cnn;"
        "from lucidag.explain.methods.registry import load;"
        "x = torch.rand(1, 3, 16, 16);"
        "methods = {name: load(name)() for name in ('gradcam', 'ablationcam', 'scorecam')};"
        "CamExplainer(small_cnn(2, width=2), x, None, 32).explain(x, methods);"
        "sys.exit('pytorch_grad_cam' in sys.modules or 'matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_cuda_and_cpu_agree(name):
    model, x = network(name), image(name)
    layer = None if name != "branching" else "inner.layer3"
    cpu = CamExplainer(model, x, layer, 32).explain(x, cams(METHODS))
    with reproducible("cuda:0", 2):
        cuda = CamExplainer(model, x, layer, 32, "cuda:0").explain(x, cams(METHODS), cpu.target)
    for method in METHODS:
        if method != "eigencam":
            np.testing.assert_allclose(cuda.maps[method], cpu.maps[method], atol=1e-2)
