"""Grids of data sets and models: their names, combinations and settings, what may name them, and what is refused."""

import copy
import itertools

import pytest

from lucidag.config.arms import arms
from lucidag.config.grid import write_out
from lucidag.config.jobs import job_settings
from lucidag.config.load import load_config
from lucidag.config.plan import Plan
from lucidag.config.repaired import repair_arms
from lucidag.ground.errors import InputError

NET = {"dataset": "digits", "architecture": "lucidag.models.small:small_cnn", "train": {"epochs": 1, "lr": 0.5}}


def words(grid=None, data_grid=None, **more):
    """Give a configuration with one data set and one model."""
    digits = {"source": "digits", **({"grid": data_grid} if data_grid is not None else {})}
    net = {**copy.deepcopy(NET), **({"grid": grid} if grid is not None else {})}
    return {"datasets": {"digits": digits}, "models": {"net": net}, **more}


def loaded(*arguments, **more):
    return load_config(words(*arguments, **more), "c.yaml")


def names(*arguments, **more):
    return list(loaded(*arguments, **more).models)


def test_lists_are_crossed_and_each_combination_is_as_if_it_stood_in_the_file():
    config = loaded({"train.lr": [0.01, 0.001], "architecture": ["resnet18", "mobilenet_v3_small"], "seed": [0, 1]})
    expected = {
        f"net-{lr_name}-{architecture}-s{seed}": (lr, architecture, seed)
        for (lr_name, lr), architecture, seed in itertools.product(
            {"lr.01": 0.01, "lr.001": 0.001}.items(), ("resnet18", "mobilenet_v3_small"), (0, 1)
        )
    }
    found = {name: (each.train.lr, each.architecture, each.train.seed) for name, each in config.models.items()}
    assert found == expected
    for name, each in config.models.items():
        lr, architecture, seed = expected[name]
        plain = words()
        plain["models"] = {name: {**NET, "architecture": architecture, "train": {"epochs": 1, "lr": lr, "seed": seed}}}
        assert each == load_config(plain, "c.yaml").models[name]


def test_lists_of_a_zip_run_together_and_their_places_may_have_names():
    config = loaded({"zip": {"train.lr": [0.1, 0.2], "input.size": [16, 32]}, "train.epochs": [1, 2]})
    assert list(config.models) == [
        f"net-epochs{epochs}-{pair}" for epochs in (1, 2) for pair in ("lr.1-size16", "lr.2-size32")
    ]
    assert {(each.train.lr, each.input.size) for each in config.models.values()} == {(0.1, 16), (0.2, 32)}
    named = loaded({"zip": [{"train.augment": [[], ["RandomHorizontalFlip"]], "name": ["plain", "flipped"]}]})
    assert {name: len(each.train.augment) for name, each in named.models.items()} == {"net-plain": 0, "net-flipped": 1}


@pytest.mark.parametrize(
    ("exclude", "left"),
    [
        ([{"train.lr": 0.1, "seed": 1}], ["net-lr.1-s0", "net-lr.2-s0", "net-lr.2-s1"]),
        ({"train.lr": 0.2}, ["net-lr.1-s0", "net-lr.1-s1"]),
        ([{"seed": [0, 7]}], ["net-lr.1-s1", "net-lr.2-s1"]),
    ],
)
def test_combinations_are_excluded(exclude, left):
    assert names({"train.lr": [0.1, 0.2], "seed": [0, 1], "exclude": exclude}) == left


def test_the_grid_of_a_data_set_multiplies_its_models():
    config = loaded({"seed": [0, 1]}, {"corrupt_labels": [0, 0.25]})
    assert {name: each.corrupt_labels for name, each in config.datasets.items()} == {
        "digits-corrupt_labels0": 0,
        "digits-corrupt_labels.25": 0.25,
    }
    assert {name: each.dataset for name, each in config.models.items()} == {
        f"net-corrupt_labels{level}-s{seed}": f"digits-corrupt_labels{level}"
        for level in ("0", ".25")
        for seed in (0, 1)
    }
    member = config.members["net-corrupt_labels.25-s1"]
    assert (member.family, member.block) == ("net", "net-corrupt_labels.25")
    assert member.values == {"data.corrupt_labels": 0.25, "train.seed": 1}


def test_seeds_are_the_short_form_of_a_grid_over_the_seed():
    short, long = words(), words({"seed": [3, 5]})
    short["models"]["net"]["seeds"] = [3, 5]
    assert load_config(short, "c.yaml").models == load_config(long, "c.yaml").models
    both = words({"train.lr": [0.1, 0.2]})
    both["models"]["net"]["seeds"] = [0, 1]
    assert list(load_config(both, "c.yaml").models) == [f"net-lr.{lr}-s{seed}" for lr in (1, 2) for seed in (0, 1)]


@pytest.mark.parametrize(
    ("grid", "added"),
    [
        ({"train.lr": [0.1]}, {"train.lr": [0.01, 0.1, 1e-5]}),
        ({"train.lr": [0.1], "seed": [0]}, {"train.lr": [0.1, 0.2], "seed": [2, 0, 1]}),
        ({"train.augment": [["RandomHorizontalFlip"]]}, {"train.augment": [[], ["RandomHorizontalFlip"]]}),
        ({"options.width": [4], "architecture": ["a.b:c"]}, {"options.width": [8, 4], "architecture": ["a.b:c", "d"]}),
    ],
)
def test_an_added_value_renames_nothing(grid, added):
    assert set(write_out(words(grid)).models) < set(write_out(words(added)).models)


def test_names_are_short_and_differ():
    paths = {f"options.a_rather_long_name_of_a_setting_{number}": [1, 2] for number in range(5)}
    found = list(write_out(words({**paths, "seed": [0, 1]})).models)
    assert len(set(found)) == 2**6
    assert max(map(len, found)) <= 60
    assert all(name.startswith("net-") and name.endswith(("-s0", "-s1")) for name in found)


def test_keys_that_end_alike_are_told_apart():
    grid = {"options.head.size": [1, 2], "input.size": [8, 16]}
    assert next(iter(write_out(words(grid)).models)) == "net-head_size1-input_size8"


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        (["net"], "all"),
        (["net-lr.1"], ["net-lr.1-s0", "net-lr.1-s1"]),
        (["net-lr.1-s1"], ["net-lr.1-s1"]),
        ([{"family": "net", "train.lr": 0.2}], ["net-lr.2-s0", "net-lr.2-s1"]),
        ([{"family": "net", "seed": 0}], ["net-lr.1-s0", "net-lr.2-s0"]),
        ([{"family": "net", "train.lr": [0.1, 0.2], "seed": 1}], ["net-lr.1-s1", "net-lr.2-s1"]),
    ],
)
@pytest.mark.parametrize("section", ["rof", "dissect"])
def test_models_are_named_by_family_block_name_or_value(section, asked, chosen):
    own = (
        {"models": asked}
        if section == "rof"
        else {"models": asked, "clip_dissect": {"evidence": "annotations"}, "netdissect": None}
    )
    config = loaded({"train.lr": [0.1, 0.2], "seed": [0, 1]}, **{section: own})
    plan = Plan(config)
    found = plan.examined if section == "rof" else list(plan.layers)
    assert found == (list(config.models) if chosen == "all" else chosen)


NAMED = [
    ("net", ["lr.1-s0", "lr.1-s1", "lr.2-s0", "lr.2-s1"]),
    ("net-lr.1", ["lr.1-s0", "lr.1-s1"]),
    ("net-lr.1-s1", ["lr.1-s1"]),
    ({"family": "net", "train.lr": 0.2}, ["lr.2-s0", "lr.2-s1"]),
    ({"family": "net", "train.lr": 0.2, "seed": 0}, ["lr.2-s0"]),
    ({"family": "net", "seed": 0}, ["lr.1-s0", "lr.2-s0"]),
]
GRID = {"train.lr": [0.1, 0.2], "seed": [0, 1]}


@pytest.mark.parametrize(("asked", "ends"), NAMED)
def test_studies_of_roles_and_of_single_units_have_the_models_that_are_named(asked, ends):
    chosen = [f"net-{end}" for end in ends]
    plan = Plan(loaded(GRID, rof={}, generalisation={"study": {"models": [asked]}}, units={"models": [asked]}))
    assert plan.studied("study") == chosen
    assert plan.unit_models == chosen
    families = job_settings(plan, "generalisation", {"study": "study"})["families"]
    assert families == {name: name.rpartition("-")[0] for name in chosen}


@pytest.mark.parametrize(("asked", "ends"), NAMED)
def test_a_repair_copies_the_models_that_are_named(asked, ends):
    originals = [f"net-{end}" for end in ends]
    cut = asked if isinstance(asked, str) else "net"  # of models chosen by values the name of the family gives way
    copies = ["mended" + name.removeprefix(cut) for name in originals]
    config = loaded(GRID, repair={"mended": {"model": asked, "columns": ["ring"]}})
    assert repair_arms(config, "mended") == {"original": originals, "repaired": copies}
    assert Plan(config).repaired == copies
    compared = {"mended": {"model": [asked], "without": asked, "columns": ["ring"]}}
    with pytest.raises(InputError) as error:
        loaded(GRID, repair=compared)
    told = str(error.value).splitlines()
    assert [line.split("'")[1] for line in told] == originals
    assert all("is to be a network `without` the shortcut too" in line for line in told)


@pytest.mark.parametrize(
    ("section", "words_of"),
    [
        ("units", lambda models: {"models": models, "layers": {"net": ["0"]}}),
        (
            "dissect",
            lambda models: {
                "models": models,
                "layers": {"net": ["0"]},
                "clip_dissect": {"evidence": "annotations"},
                "netdissect": None,
            },
        ),
    ],
)
def test_layers_of_a_family_hold_for_those_models_of_it_that_a_section_looks_at(section, words_of):
    plan = Plan(loaded(GRID, **{section: words_of([{"family": "net", "seed": 0}])}))
    assert (plan.unit_models if section == "units" else list(plan.layers)) == ["net-lr.1-s0", "net-lr.2-s0"]
    own = words_of(["net-lr.1"])
    own["layers"] = {"net-lr.2-s0": ["0"]}
    with pytest.raises(InputError, match=f"{section}.layers: .* 'net-lr.2-s0' does not exist"):
        loaded(GRID, **{section: own})


def test_a_study_compares_selections_and_its_blocks_are_all_but_the_seed():
    shortcuts = {
        "ring": {
            "trained_with": {"family": "net", "data.seed": 1},
            "trained_without": {"family": "net", "data.seed": 2, "train.seed": [0, 1]},
            "artefacts": {"ring": "0"},
            "methods": ["gradcam"],
        }
    }
    data = {"source": "digits", "grid": {"seed": [1, 2]}}
    own = {**words({"seed": [0, 1]}), "shortcuts": shortcuts}
    own["datasets"] = {"digits": data}
    found = arms(load_config(own, "c.yaml"), "ring")
    assert found == {"with": ["net-s1-s0", "net-s1-s1"], "without": ["net-s2-s0", "net-s2-s1"]}


@pytest.mark.parametrize(
    ("grid", "line"),
    [
        ({}, "models.net.grid: must be a section of key paths"),
        ([1], "models.net.grid: must be a section of key paths"),
        ({"train.lr": []}, "models.net.grid.train.lr: is an empty list"),
        ({"train.lr": 0.1}, "models.net.grid.train.lr: must be a list of values, and is 0.1"),
        ({"train.lr": [0.1, 0.10]}, "models.net.grid.train.lr: 0.1 stands twice"),
        ({"train.epochs": [1, 1.0]}, "models.net.grid.train.epochs: 1.0 stands twice"),
        ({"seed": [0], "train.seed": [1]}, "models.net.grid: the seed has values twice"),
        ({"architecture": ["a:net", "b:net"]}, '"a:net" and "b:net" would both be called \'net\''),
        ({"train.lr": [0.1], "zip": {"train.lr": [1]}}, "models.net.grid: 'train.lr' has values twice"),
        (
            {"zip": {"train.lr": [1, 2], "input.size": [8]}},
            "must be of one length; 'train.lr' has 2, 'input.size' has 1",
        ),
        ({"zip": {"name": ["a"]}}, "models.net.grid: names no key whose values are to be tried"),
        ({"zip": {"train.lr": [1, 1]}}, "models.net.grid.zip: two of its places mean the same"),
        ({"zip": 3}, "models.net.grid.zip: must be a section"),
        ({"exclude": [{"seed": 1}]}, "models.net.grid: names no key"),
        (
            {"seed": [0, 1], "exclude": [{"train.lr": 1}]},
            "models.net.grid.exclude[0]: 'train.lr' is no key of this grid",
        ),
        ({"seed": [0, 1], "exclude": [{"seed": 2}]}, "models.net.grid.exclude[0]: no combination is like this"),
        ({"seed": [0, 1], "exclude": [{"seed": [0, 1]}]}, "models.net.grid.exclude: leaves no combination"),
        ({"architecture.x": [1]}, "models.net.grid.architecture.x: 'architecture' is no section"),
        ({f"options.{key}": list(range(10)) for key in "abcdef"}, "would be 1,000,000 combinations; at most 10,000"),
        ({"trian.lr": [0.1, 0.2]}, "models.net.grid.trian: key 'trian' does not exist"),
        ({"train.lrr": [0.1, 0.2]}, "models.net.grid.train.lrr: key 'lrr' does not exist"),
        ({"train.lr": [0.1, -1]}, "models.net.grid.train.lr: found -1"),
        ({"train.optimizer": ["adam", "adma"]}, "models.net.grid.train.optimizer: choice 'adma' does not exist"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_grid(grid, line):
    with pytest.raises(InputError) as error:
        loaded(grid)
    (told,) = str(error.value).splitlines()
    assert told.startswith("c.yaml: models.net.grid")
    assert line in told


def test_a_mistake_outside_the_grid_is_told_once():
    own = words({"seed": [0, 1, 2]})
    own["models"]["net"]["train"]["epochs"] = 0
    with pytest.raises(InputError) as error:
        load_config(own, "c.yaml")
    (told,) = str(error.value).splitlines()
    assert told.startswith("c.yaml: models.net.train.epochs: found 0")


def test_a_fault_of_whole_models_is_told_once_of_their_family():
    own = words({"seed": [0, 1, 2]})
    own["models"]["net"]["class_tokens"] = 1
    with pytest.raises(InputError) as error:
        load_config(own, "c.yaml")
    (told,) = str(error.value).splitlines()
    assert told.startswith("c.yaml: models.net: `class_tokens` stand in front")


def test_a_name_that_another_model_has():
    own = words({"seed": [0, 1]})
    own["models"]["net-s1"] = copy.deepcopy(NET)
    with pytest.raises(InputError, match=r"models.net: two models would be called 'net-s1'"):
        load_config(own, "c.yaml")


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ({"family": "nett"}, "rof.models[0].family: family 'nett' does not exist"),
        ({"family": "net", "lr": 0.1}, "rof.models[0]: key 'lr' does not exist"),
        ({"family": "net", "train.lr": 0.7}, "rof.models[0]: no model of family 'net' has these values"),
    ],
)
def test_a_selection_that_selects_nothing(asked, line):
    with pytest.raises(InputError) as error:
        loaded({"train.lr": [0.1, 0.2]}, rof={"models": [asked]})
    assert line in str(error.value)


@pytest.mark.parametrize(
    ("place", "section"),
    [
        ("rof.models[0]", {"rof": {"models": [{"family": "nett"}]}}),
        ("dissect.models[0]", {"dissect": {"models": [{"family": "nett"}]}}),
        ("explain.models[0]", {"explain": {"models": [{"family": "nett"}]}}),
        ("generalisation.noise.models[0]", {"generalisation": {"noise": {"models": [{"family": "nett"}]}}}),
        ("repair.mended.model", {"repair": {"mended": {"model": {"family": "nett"}, "without": "net"}}}),
        ("repair.mended.without", {"repair": {"mended": {"model": "net", "without": {"family": "nett"}}}}),
        ("shortcuts.ring.trained_with", {"shortcuts": {"ring": {"trained_with": {"family": "nett"}}}}),
        ("shortcuts.ring.trained_without", {"shortcuts": {"ring": {"trained_without": {"family": "nett"}}}}),
    ],
)
def test_a_misspelt_family_is_one_line_that_names_its_place(place, section):
    with pytest.raises(InputError) as error:
        loaded({"seed": [0, 1]}, **section)
    told = [line for line in str(error.value).splitlines() if "nett" in line]
    assert len(told) == 1
    assert f"{place}.family: family 'nett' does not exist (did you mean 'net'?)" in told[0]


def test_sections_by_model_take_families():
    config = loaded(
        {"seed": [0, 1]},
        dissect={
            "layers": {"net": ["blocks.block2"], "net-s1": ["blocks.block3"]},
            "clip_dissect": {"evidence": "annotations"},
            "netdissect": None,
        },
    )
    assert config.dissect.layers == {"net-s0": ["blocks.block2"], "net-s1": ["blocks.block3"]}


@pytest.mark.parametrize("grid", [None, {"seed": [0, 1]}])
def test_mistakes_of_other_kinds_are_told_together(grid):
    own = words(grid)
    own["models"]["net"] |= {"weights": "~/net.pth", "head": 3}
    with pytest.raises(InputError) as error:
        load_config(own, "c.yaml")
    assert [line.split(": ")[1] for line in str(error.value).splitlines()] == ["models.net.weights", "models.net.head"]


def test_a_section_that_is_missing_is_said_to_be_missing_beside_a_grid():
    own = words({"seed": [0, 1]})
    del own["datasets"]
    with pytest.raises(InputError) as error:
        load_config(own, "c.yaml")
    assert str(error.value) == "c.yaml: datasets: missing"
