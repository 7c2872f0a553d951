from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from lucidag.data.features import join_features, read_features, write_features
from lucidag.ground.errors import InputError
from lucidag.ground.shards import Shard, shard_names
from lucidag.ground.tensors import read_tensors, write_tensors
from lucidag.models.build import build
from lucidag.models.extract import extract, extract_splits
from lucidag.models.head import linear_head
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network

COUNTS = {"train": [9, 8, 8], "test": [5, 3, 3]}
CUDA = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")]
DEVICES = ["cpu", pytest.param("cuda:0", marks=CUDA)]
ARCHITECTURES = [
    ("lucidag.models.small:small_cnn", {"channels": 3, "width": 4, "depth": 2}, 16),
    ("resnet18", {}, 32),
    ("squeezenet1_1", {}, 32),  # has no linear head
]


@pytest.mark.parametrize(("architecture", "options", "size"), ARCHITECTURES)
@pytest.mark.parametrize("batch_size", [1, 4, 5, 64])
@pytest.mark.parametrize("device", DEVICES)
def test_any_number_of_shards_gives_the_same_bytes(
    make_dataset, tmp_path, architecture, options, size, batch_size, device
):
    manifest = make_dataset(COUNTS, size=10)
    inputs = Inputs(size, 3)
    model = build(architecture, 3, options, 0)
    network = Network(model, inputs, linear_head(model, inputs.example()))
    splits = ("train", "val", "test")  # no image is in val

    def files(shard: Shard) -> dict[str, object]:
        found = extract_splits(network, manifest, splits, ["label"], device, batch_size, shard)
        paths = {split: tmp_path / f"{split}-{shard.number}-of-{shard.of}.safetensors" for split in splits}
        for split, path in paths.items():
            write_features(path, found[split])
        return paths

    whole = files(Shard(1, 1))
    assert len(read_features(whole["train"]).images) == 25
    for of in (1, 3, 7):
        shards = [files(Shard.parse(name)) for name in shard_names(of)]
        for split in splits:
            joined = tmp_path / "joined.safetensors"
            join_features(joined, [each[split] for each in shards])
            assert joined.read_bytes() == whole[split].read_bytes(), (split, of)


def test_shards_of_two_models_are_not_joined(make_dataset, tmp_path):
    manifest = make_dataset(COUNTS)
    inputs = Inputs(8, 1)
    files = []
    for seed in (0, 1):
        model = build("lucidag.models.small:small_cnn", 3, {"channels": 1, "width": 4, "depth": 2}, seed)
        files.append(tmp_path / f"{seed}.safetensors")
        write_features(files[-1], extract(model, manifest, "test", inputs, ["label"] * seed, 64, threads=1, head="fc"))
    with pytest.raises(InputError, match=r"1\.safetensors has other classes, groups"):
        join_features(tmp_path / "joined.safetensors", files)
    write_features(files[1], extract(model, manifest, "test", inputs, [], 64, threads=1, head="fc"))
    with pytest.raises(InputError, match=r"tensor 'head\.\w+' of .*1\.safetensors does not fit"):
        join_features(tmp_path / "joined.safetensors", files)
    assert not (tmp_path / "joined.safetensors").exists()


@pytest.mark.parametrize("name", ["features", "logits", "head.weight", "head.bias"])
def test_a_file_with_a_value_that_is_not_finite_is_named(make_dataset, tmp_path, name):
    model = build("lucidag.models.small:small_cnn", 3, {"channels": 1, "width": 4, "depth": 2}, 0)
    file = tmp_path / "test.safetensors"
    write_features(file, extract(model, make_dataset(COUNTS), "test", Inputs(8, 1), [], 64, threads=1, head="fc"))
    with read_tensors(file, "features") as (handle, _):
        about = handle.metadata()
    tensors = load_file(file)
    tensors[name].flat[-1] = np.nan
    save_file(tensors, file, metadata=about)
    with pytest.raises(InputError, match=rf"test\.safetensors: tensor '{name}' holds NaN"):
        read_features(file)


@pytest.mark.parametrize("name", ["labels", "logits", "features"])
def test_a_file_without_one_row_for_each_image_is_refused(tmp_path, name):
    tensors = {"labels": np.zeros(3, np.int64), "groups": np.zeros(3, np.int64), "logits": np.zeros((3, 2), np.float32)}
    tensors["features"] = np.zeros((3, 4), np.float32)
    about = {"images": ["a", "b", "c"], "classes": ["x", "y"], "group_names": ["all"], "layer": "fc"}
    write_tensors(tmp_path / "test.safetensors", {**tensors, name: tensors[name][1:]}, about)
    with pytest.raises(InputError, match=f"tensor '{name}' has 2 rows for 3 images"):
        read_features(tmp_path / "test.safetensors")


@pytest.mark.parametrize("number", [1, 3])
def test_patients_have_the_same_numbers_in_all_splits_and_shards(make_dataset, tmp_path, number):
    manifest = make_dataset(COUNTS, size=10)
    whose = [f"w{row // 3}" if row % 5 else "" for row in range(len(manifest.table))]
    manifest = replace(manifest, table=manifest.table.assign(id=whose))
    inputs = Inputs(16, 3)
    model = build("lucidag.models.small:small_cnn", 3, {"channels": 3, "width": 4, "depth": 2}, 0)
    network = Network(model, inputs, linear_head(model, inputs.example()))
    known = {}
    for split in ("train", "test"):
        parts = []
        for shard in range(number):
            parts.append(tmp_path / f"{split}-{shard}.safetensors")
            content = extract_splits(network, manifest, [split], [], "cpu", 4, Shard(shard + 1, number))[split]
            write_features(parts[-1], content)
        join_features(tmp_path / f"{split}.safetensors", parts)
        found = read_features(tmp_path / f"{split}.safetensors")
        for image, owner in zip(found.images, found.owners, strict=True):
            name = whose[list(manifest.table["image"]).index(image)] or image
            assert known.setdefault(name, owner) == owner
        assert found.clusters() is not None
    assert len(set(known.values())) == len(known)
