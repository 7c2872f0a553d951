"""Files of weights that do not fit are known before anything runs, by their shapes alone."""

import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from lucidag.ground.errors import InputError
from lucidag.models import foreign
from lucidag.models.probe import look
from lucidag.models.small import small_cnn, small_mlp
from lucidag.models.weights import check_weight_file, load_weights

CNN = "lucidag.models.small:small_cnn"


def save(path, tensors, wrapped=False, old=False):
    if path.suffix == ".safetensors":
        save_file(tensors, path)
    else:
        words = {"state_dict": {f"module.{name}": value for name, value in tensors.items()}, "epoch": 3}
        torch.save(words if wrapped else tensors, path, _use_new_zipfile_serialization=not old)
    return str(path)


def asked(file, classes, new_head=False, **changes):
    found = {"architecture": CNN, "options": {"width": 4}, "classes": classes, "known": True, "published": None}
    found |= {"file": file, "part": None, "new_head": new_head, "input": {"size": 16}}
    return look(found | changes)


FORMS = [
    ("w.safetensors", {}),
    ("w.pth", {}),
    ("w.ckpt", {"wrapped": True}),
    ("w.pt", {"old": True}),
]


@pytest.mark.parametrize(("name", "form"), FORMS)
@pytest.mark.parametrize(
    ("outputs", "classes", "parts"),
    [
        (10, 7, ["'fc' is for 10 classes", "data set has 7", "as the data set's `classes`", "new_head: true"]),
        (8, 7, ["'fc' is for 8 classes", "background class, or one without an image here", "`classes`"]),
        (7, 10, ["'fc' is for 7 classes", "does not know all of them", "new_head: true"]),
        (1000, 7, ["ImageNet's", "all 1000 names", "new_head: true"]),
        (1001, 1000, ["'fc' is for 1001 classes", "background class"]),
        (1000, 1001, ["'fc' is for 1000 classes", "leave 'background' out"]),
        (1, 3, ["'fc' is for 1 class,", "one logit", "it serves two classes"]),
    ],
)
def test_another_number_of_classes_is_told_as_the_job_tells_it(tmp_path, name, form, outputs, classes, parts):
    file = save(tmp_path / name, small_cnn(outputs, width=4).state_dict(), **form)
    sentence = asked(file, classes)["error"]
    for part in parts:
        assert part in sentence
    with pytest.raises(InputError) as caught:
        load_weights(small_cnn(classes, width=4), file, "fc")
    assert str(caught.value) == sentence


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_weights_that_fit_pass(tmp_path, name, form):
    file = save(tmp_path / name, small_cnn(5, width=4).state_dict(), **form)
    assert "error" not in asked(file, 5)
    assert "error" not in asked(file, 7, new_head=True)
    # Where the classes are known by the job alone, it tells.
    assert "error" not in asked(file, 7, known=False)


def test_all_else_that_does_not_fit_is_told_too(tmp_path):
    other = save(tmp_path / "other.safetensors", small_mlp(5, 64).state_dict())
    assert "are not those of this network 'SmallCNN'" in asked(other, 5)["error"]
    broken = tmp_path / "broken.pth"
    broken.write_bytes(b"no weights")
    assert f"weights {broken} cannot be read" in asked(str(broken), 5)["error"]
    twice = {f"{which}.{name}": value for which in "ab" for name, value in small_cnn(5, width=4).state_dict().items()}
    twice["b.fc.bias"] = twice["b.fc.bias"] + 1
    for name in ("twice.safetensors", "twice.pth"):
        file = save(tmp_path / name, twice)
        assert "hold 2 networks that fit: 'a' and 'b'" in asked(file, 5)["error"]
        assert "error" not in asked(file, 5, part="b")


def test_values_are_the_jobs_matter(tmp_path):
    tensors = small_cnn(5, width=4).state_dict()
    tensors["fc.bias"][2] = torch.nan
    file = save(tmp_path / "nan.safetensors", tensors)
    assert "error" not in asked(file, 5)
    with pytest.raises(InputError, match="NaN"):
        load_weights(small_cnn(5, width=4), file, "fc")


def test_a_network_is_left_as_it_was(tmp_path):
    model = small_cnn(5, width=4)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    check_weight_file(model, save(tmp_path / "w.pth", small_cnn(5, width=4).state_dict()), "fc", False, None)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_a_large_file_costs_next_to_nothing(tmp_path):
    """A file with holes: read in full it would take 3 GB."""
    rows, file = 3 * 2**18, tmp_path / "large.safetensors"
    size = rows * 1024 * 4
    header = f'{{"0.weight":{{"dtype":"F32","shape":[{rows},1024],"data_offsets":[0,{size}]}},'
    header += f'"0.bias":{{"dtype":"F32","shape":[{rows}],"data_offsets":[{size},{size + 4 * rows}]}}}}'
    with file.open("wb") as handle:
        handle.write(len(header).to_bytes(8, "little") + header.encode())
        handle.truncate(8 + len(header) + size + 4 * rows)
    start = time.perf_counter()
    check_weight_file(nn.Sequential(nn.Linear(1024, rows, device="meta")), str(file), None, False, None)
    assert time.perf_counter() - start < 5


def test_a_large_file_of_the_old_format_is_left_to_the_job(tmp_path, monkeypatch):
    file = save(tmp_path / "old.pth", small_cnn(10, width=4).state_dict(), old=True)
    monkeypatch.setattr(foreign, "QUICK", Path(file).stat().st_size - 1)
    assert "error" not in asked(file, 7)


def test_published_weights_of_other_classes():
    published = {"architecture": "resnet18", "options": {}, "published": "IMAGENET1K_V1", "input": {"size": 32}}
    assert (
        "weights 'IMAGENET1K_V1' are for 1000 classes, and the data set has 7" in asked(None, 7, **published)["error"]
    )
    assert "error" not in asked(None, 7, new_head=True, **published)
    assert "error" not in asked(None, 1000, **published)
