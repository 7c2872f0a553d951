"""What a training asks of its data set is checked before anything runs, with the key."""

import pytest

from lucidag.config.load import load_config
from lucidag.ground.errors import InputError

NO_VAL = {"source": "digits", "splits": {"train": 0.8, "val": 0, "test": 0.2}}


def words(train: dict, data: dict) -> dict:
    net = {"dataset": "digits", "architecture": "lucidag.models.small:small_cnn", "options": {"channels": 1}}
    net |= {"input": {"size": 8, "channels": 1}, "train": train}
    return {"datasets": {"digits": data}, "models": {"net": net}}


@pytest.mark.parametrize(
    ("train", "data", "line"),
    [
        ({"keep": "best"}, NO_VAL, "models.net.train.keep: needs validation images"),
        ({"patience": 2}, NO_VAL, "models.net.train.patience: needs validation images"),
        ({"patience": 2}, {"source": "mnist", "root": "mnist", "download": True}, "train.patience: needs validation"),
        ({"balance": "group"}, {"source": "digits"}, "models.net.train.balance: is group, and data set 'digits' names"),
        ({"schedule": "step", "steps": [10]}, {"source": "digits"}, "models.net.train: `steps` has 10, after which"),
        ({"balance": "class", "class_weights": "balanced"}, {"source": "digits"}, "models.net.train: `balance` is cl"),
    ],
)
def test_a_bad_combination_is_one_sentence_with_its_key(train, data, line):
    with pytest.raises(InputError) as error:
        load_config(words(train, data), "c.yaml")
    (told,) = str(error.value).splitlines()
    assert line in told


@pytest.mark.parametrize(
    ("train", "data"),
    [
        ({"keep": "best", "patience": 2, "balance": "class"}, {"source": "digits"}),
        ({"balance": "group"}, {"source": "digits", "groups": ["ink"]}),
        ({"steps": [], "factor": 0.1, "warmup": 0}, NO_VAL),
    ],
)
def test_what_fits_is_not_refused(train, data):
    assert load_config(words(train, data), "c.yaml").models["net"].train is not None
