import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from lucidag.data.features import read_features, write_features
from lucidag.data.manifest import read_manifest, write_manifest
from lucidag.ground.errors import InputError
from lucidag.models.build import build
from lucidag.models.evaluate import evaluate
from lucidag.models.extract import extract
from lucidag.models.frames import batches
from lucidag.models.head import linear_head
from lucidag.models.inputs import Inputs
from lucidag.models.weights import load_weights

CASES = [
    ("lucidag.models.small:small_cnn", {"channels": 3, "width": 4, "depth": 2, "dropout": 0.5}, 16),
    ("lucidag.models.small:small_mlp", {"inputs": 3 * 16 * 16, "hidden": [12]}, 16),
    ("resnet18", {}, 32),
    ("mobilenet_v3_small", {}, 32),
]
COUNTS = {"train": [4, 4, 4], "test": [5, 3, 3]}


@pytest.mark.parametrize(("architecture", "options", "size"), CASES)
@pytest.mark.parametrize("seed", [0, 1])
def test_features_and_head_give_the_logits_of_the_network(make_dataset, architecture, options, size, seed):
    manifest = make_dataset(COUNTS, size=10, seed=seed)
    inputs = Inputs(size, 3, "stretch", (0.3,), (0.5,))
    model = build(architecture, 3, options, seed)
    head = linear_head(model, inputs.example())
    found = extract(model, manifest, "test", inputs, ["label", "tint"], 64, threads=1, head=head)
    rows = manifest.rows("test")
    batch = inputs.normalise(next(batches(manifest, rows, inputs, len(rows), 1)))
    with torch.inference_mode():
        logits = model.eval()(batch).numpy()
    np.testing.assert_allclose(found.logits, logits, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.features @ found.weight.T + found.bias, logits, rtol=1e-4, atol=1e-5)
    assert found.images == tuple(manifest.table["image"][rows])
    assert found.labels.tolist() == [0] * 5 + [1] * 3 + [2] * 3
    codes, names = manifest.groups(["label", "tint"])
    assert found.groups.tolist() == codes[rows].tolist()
    assert found.group_names == names
    assert found.layer == head


@pytest.mark.parametrize(("architecture", "options", "size"), CASES)
def test_the_batch_size_changes_rounding_only(make_dataset, architecture, options, size):
    manifest = make_dataset(COUNTS, size=10)
    inputs = Inputs(size, 3)
    model = build(architecture, 3, options, 0)
    head = linear_head(model, inputs.example())
    results = [
        extract(model, manifest, "test", inputs, [], batch_size=size_, threads=threads, head=head)
        for size_, threads in ((11, 1), (4, 2), (1, 1))
    ]
    for other in results[1:]:
        np.testing.assert_allclose(other.features, results[0].features, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(other.logits, results[0].logits, rtol=1e-5, atol=1e-5)


def test_two_runs_give_the_same_bytes_whatever_was_drawn_before(make_dataset, tmp_path):
    manifest = make_dataset(COUNTS)
    inputs = Inputs(8, 1)
    model = build(CASES[0][0], 3, {"channels": 1, "width": 4, "depth": 2, "dropout": 0.5}, 0)
    for name in ("one", "two"):
        torch.rand(3)
        content = extract(model, manifest, "train", inputs, [], 64, threads=1, head="fc")
        write_features(tmp_path / f"{name}.safetensors", content)
    assert (tmp_path / "one.safetensors").read_bytes() == (tmp_path / "two.safetensors").read_bytes()
    back = read_features(tmp_path / "one.safetensors")
    assert np.array_equal(back.features, content.features)
    report = evaluate(back)
    assert report["head_agreement"]["max_abs_difference"] < 1e-5
    assert report["n"] == 12


def test_a_network_without_a_linear_head_has_logits_only(make_dataset):
    manifest = make_dataset(COUNTS)
    found = extract(build("squeezenet1_1", 3, {}, 0), manifest, "test", Inputs(32), [], 64, threads=1, head=None)
    assert found.logits.shape == (11, 3)
    assert found.features is found.weight is found.bias is found.layer is None
    assert found.group_names == ("all",)


def test_a_head_without_a_bias_has_a_bias_of_zero(make_dataset):
    manifest = make_dataset(COUNTS)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 3, bias=False))
    found = extract(model, manifest, "test", Inputs(8, 1), [], 64, threads=1, head="1")
    assert found.bias.tolist() == [0, 0, 0]


def test_values_that_are_not_finite_are_counted_and_named(make_dataset):
    manifest = make_dataset(COUNTS)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    with torch.no_grad():
        model[1].weight[1, 0] = float("inf")
    with pytest.raises(InputError, match=r"manifest\.csv, split 'test': the network gives NaN or infinite logits"):
        extract(model, manifest, "test", Inputs(8, 1), [], 64, threads=1, head="1")

    class Gap(nn.Module):
        """Features that are infinite for an image whose second row is bright, hidden from the logits."""

        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(1, 3)

        def forward(self, x):
            bright = x[:, 0, 1].mean(1, keepdim=True) > 0.99
            return torch.nan_to_num(self.fc(torch.where(bright, torch.inf, 1.0)), posinf=0, neginf=0)

    with pytest.raises(InputError, match="infinite features for 5 of 11 images"):
        extract(Gap(), manifest, "test", Inputs(8, 1), [], 64, threads=1, head="fc")


def test_a_network_that_changes_the_logits_behind_its_head_is_refused(make_dataset):
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(64, 3)

        def forward(self, x):
            return self.fc(x.flatten(1)) * 1.01

    with pytest.raises(InputError, match="'fc' applied to its own input misses the network's logits"):
        extract(Scaled(), make_dataset(COUNTS), "test", Inputs(8, 1), [], 64, threads=1, head="fc")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize(("architecture", "options", "size"), CASES)
def test_cuda_and_cpu_agree(make_dataset, architecture, options, size):
    manifest = make_dataset(COUNTS, size=10)
    inputs = Inputs(size, 3)
    model = build(architecture, 3, options, 0)
    head = linear_head(model, inputs.example())
    cpu = extract(model, manifest, "test", inputs, [], 64, "cpu", head=head)
    cuda = extract(model, manifest, "test", inputs, [], 64, "cuda:0", head=head)
    np.testing.assert_allclose(cuda.features, cpu.features, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(cuda.logits, cpu.logits, rtol=1e-3, atol=1e-4)


@pytest.mark.shared_data
@pytest.mark.parametrize("architecture", ["resnet18", "resnet50"])
def test_imagenet_networks_know_the_ten_images(shared_data, tmp_path, architecture):
    # The class index of each name in ImageNet; ResNet-18 misses two of the ten, ResNet-50 three.
    truth = {
        "goldfish": 1, "tiger_shark": 3, "kite": 21, "vulture": 23, "common_iguana": 39, "flamingo": 130,
        "American_coot": 137, "West_Highland_white_terrier": 203, "racer": 751, "orange": 950,
    }  # fmt: skip
    files = sorted((shared_data / "imagenet10").glob("*.JPEG"))
    labels = [f"c{truth[file.stem.split('_', 1)[1]]:03d}" for file in files]
    names = [file.stem for file in files]
    table = pd.DataFrame({"image": names, "path": [str(file) for file in files], "label": labels, "split": "test"})
    write_manifest(tmp_path / "ten", table, [f"c{index:03d}" for index in range(1000)])
    model = build(architecture, 1000, {}, seed=0)
    load_weights(model, str(shared_data / "weights" / f"{architecture}-imagenet.pth"), head="fc")
    inputs = Inputs(224, 3, "crop", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    content = extract(model, read_manifest(tmp_path / "ten"), "test", inputs, [], 64, head="fc")
    assert (content.logits.argmax(1) == content.labels).sum() >= 7
    assert evaluate(content)["head_agreement"]["same_decision_share"] == 1.0
