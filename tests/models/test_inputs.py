from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from pydantic import ValidationError
from torchvision.models import ResNet18_Weights
from torchvision.transforms.v2 import functional

from lucidag.data.manifest import read_manifest, write_manifest
from lucidag.ground.errors import InputError
from lucidag.models.frames import batches
from lucidag.models.inputs import Inputs
from lucidag.models.settings import NORMALISATIONS, Input


def noise(height: int, width: int, channels: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


@pytest.mark.parametrize(("height", "width"), [(300, 256), (500, 400), (100, 90)])
def test_crop_is_torchvisions_imagenet_recipe(height, width):
    inputs = Inputs(224, 3, "crop", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    image = noise(height, width, 3)
    theirs = ResNet18_Weights.IMAGENET1K_V1.transforms()(torch.from_numpy(image.transpose(2, 0, 1).copy()))
    ours = inputs.normalise(inputs.prepare(image)[None])[0]
    one_level = 1 / 255 / 0.224  # the two resizers round to uint8 in ways that differ by one at most
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1.001 * one_level)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (50, 90), (20, 31)])
def test_stretch_is_pillows_bilinear_reduction(height, width):
    image = noise(height, width, 3)
    pillow = np.asarray(Image.fromarray(image).resize((32, 32), Image.Resampling.BILINEAR)).astype(int)
    ours = Inputs(32).prepare(image).numpy().transpose(1, 2, 0).astype(int)
    assert np.abs(ours - pillow).max() <= 1


def test_a_image_of_the_right_size_stays_as_it_is():
    image = noise(8, 8, 3)
    assert np.array_equal(Inputs(8).prepare(image).numpy(), image.transpose(2, 0, 1))


def test_grey_becomes_three_equal_channels_and_rgb_one():
    grey = noise(8, 8, 1)
    three = Inputs(8, 3).prepare(grey)
    assert three.shape == (3, 8, 8)
    assert all(np.array_equal(three[c].numpy(), grey[:, :, 0]) for c in range(3))
    rgb = noise(8, 8, 3)
    luma = rgb @ np.array([0.299, 0.587, 0.114])
    assert np.abs(Inputs(8, 1).prepare(rgb)[0].numpy() - luma).max() < 1.01


def test_normalise_by_hand():
    batch = torch.tensor([0, 51, 255], dtype=torch.uint8).view(1, 3, 1, 1)
    given = Inputs(1, 3, "stretch", (0.0, 0.1, 0.5), (1.0, 0.5, 0.25)).normalise(batch).flatten()
    torch.testing.assert_close(given, torch.tensor([0.0, 0.2, 2.0]))
    one = Inputs(1, 3, "stretch", (0.5,), (0.5,)).normalise(batch).flatten()
    torch.testing.assert_close(one, torch.tensor([-1.0, -0.6, 1.0]))


def test_json_and_back():
    inputs = Inputs(16, 1, "crop", (0.5,), (0.25,))
    assert Inputs(**inputs.model_dump()) == inputs


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"size": 0}, "size is 0: .* greater than or equal to 1"),
        ({"size": 8, "channels": 4}, "channels is 4: .* 1 or 3"),
        ({"size": 8, "resize": "pad"}, "resize is 'pad': .*'stretch' or 'crop'"),
        ({"size": 8, "mean": (0.1, 0.2)}, "mean has 2 numbers"),
        ({"size": 8, "std": (1.0, 0.0, 1.0)}, "std.1 is 0.0: .* greater than 0"),
    ],
)
def test_wrong_inputs_are_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        Inputs(**arguments)


@pytest.fixture
def mixed_files(tmp_path):
    """Images of many sizes, grey and RGB, as files."""
    rows = []
    for number in range(23):
        image = noise(10 + number, 30 - number, 1 if number % 3 == 0 else 3, seed=number)
        path = tmp_path / f"{number}.png"
        Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image).save(path)
        rows.append({"image": f"i{number}", "path": str(path), "label": "a", "split": "test" if number < 20 else "val"})
    write_manifest(tmp_path / "data", pd.DataFrame(rows), ["a"])
    return read_manifest(tmp_path / "data")


@pytest.mark.parametrize("batch_size", [1, 6, 20, 64])
@pytest.mark.parametrize("threads", [1, 3])
def test_in_memory_and_on_the_way_give_the_same_bytes(mixed_files, batch_size, threads):
    inputs = Inputs(12, 3, "crop")
    rows = mixed_files.rows("test")
    whole = next(batches(mixed_files, rows, inputs, len(rows), threads=2))
    assert whole.shape == (20, 3, 12, 12)
    exact = whole.numel()
    with torch.inference_mode():
        assert torch.equal(next(batches(mixed_files, rows, inputs, len(rows), threads)), whole)
    for limit in (0, exact - 1, exact):
        pieces = list(batches(mixed_files, rows, inputs, batch_size, threads, memory_limit=limit))
        assert [len(piece) for piece in pieces[:-1]] == [batch_size] * (len(pieces) - 1)
        assert torch.equal(torch.cat(pieces), whole)


def test_each_row_of_a_split_is_its_own_image(mixed_files):
    inputs = Inputs(9)
    rows = mixed_files.rows("val")
    frames = next(batches(mixed_files, rows, inputs, len(rows), threads=2))
    for frame, row in zip(frames, rows, strict=True):
        with Image.open(mixed_files.table["path"][row]) as file:
            image = torch.from_numpy(np.array(file.convert("RGB"))).permute(2, 0, 1)
        assert torch.equal(frame, functional.resize(image, [9, 9], antialias=True))


def test_a_broken_image_is_named_and_stopping_early_is_clean(mixed_files):
    path = mixed_files.table["path"][7]
    stream = batches(mixed_files, mixed_files.rows("test"), Inputs(8), 4, 2, memory_limit=0)
    next(stream)
    stream.close()
    Path(path).write_bytes(b"not an image")
    for limit in (0, 10**9):
        with pytest.raises(InputError, match=r"7\.png"):
            list(batches(mixed_files, mixed_files.rows("test"), Inputs(8), 4, 2, memory_limit=limit))


@pytest.mark.parametrize("name", list(NORMALISATIONS))
def test_normalisations_by_name_are_their_numbers(name):
    mean, std = NORMALISATIONS[name]
    named, numbers = Input(normalise=name), Input(mean=list(mean), std=list(std))
    assert named.model_dump() == numbers.model_dump()  # a job sees no difference
    batch = torch.tensor([0, 51, 255], dtype=torch.uint8).view(1, 3, 1, 1)
    found = Inputs(**named.model_dump()).normalise(batch).flatten().double()
    expected = (np.array([0, 51, 255]) / 255 - np.array(mean)) / np.array(std)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5, atol=1e-6)


def test_the_order_of_colours_is_the_networks():
    batch = torch.arange(6, dtype=torch.uint8).view(1, 3, 1, 2) * 40
    rgb, bgr = (Inputs(**Input(normalise="imagenet", order=order).model_dump()) for order in ("rgb", "bgr"))
    assert torch.equal(bgr.normalise(batch), rgb.normalise(batch).flip(1))
    for inputs in (rgb, bgr):
        assert torch.equal(inputs.denormalise(inputs.normalise(batch)), batch)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"normalise": "imagenet", "mean": [0.5]}, "normalise is 'imagenet', and mean has numbers of its own"),
        ({"normalise": "imagenet", "channels": 1}, "mean has 3 numbers"),
        ({"normalise": "imagnet"}, "'none', 'imagenet'"),
        ({"channels": 1, "order": "bgr"}, "order is 'bgr'"),
        ({"size": 64, "shorter_side": 32}, "shorter_side is 32"),
        ({"size": [32, 48]}, r"found \[32, 48\]: frames are square, so write one number"),
        ({"size": (48, 48)}, r"found \[48, 48\]: frames are square"),
    ],
)
def test_inputs_that_contradict_themselves_are_refused(words, said):
    with pytest.raises(ValidationError, match=said):
        Input(**words)


def test_the_shorter_side_before_the_cut():
    image = noise(60, 90, 3)
    cut = Inputs(32, resize="crop", shorter_side=40).prepare(image)
    whole = functional.resize(torch.from_numpy(image.transpose(2, 0, 1).copy()), [40], antialias=True)
    assert torch.equal(cut, functional.center_crop(whole, [32, 32]))
    mask = np.zeros((60, 90), bool)
    mask[20:40, 30:60] = True
    assert Inputs(32, resize="crop", shorter_side=40, interpolation="bicubic").prepare_mask(mask).shape == (32, 32)
