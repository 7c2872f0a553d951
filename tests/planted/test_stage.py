"""The whole chain on a network that plants in a second: truth, relevance, regions and scores.

Its detectors have learnt next to nothing, so what is held here is what must be so of any network.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from lucidag.config.methods import planted_families
from lucidag.data.manifest import read_manifest
from lucidag.data.sources.scenes import Scenes
from lucidag.data.store import store
from lucidag.explain.stage import explainers
from lucidag.ground.errors import InputError
from lucidag.models.network import open_network
from lucidag.models.planted_units import DEAD, KINDS, NOISE, SHORTCUT
from lucidag.models.prepare import prepare
from lucidag.models.settings import Train
from lucidag.models.train import train
from lucidag.models.weights import save_checkpoint
from lucidag.planted.regions import CRP, score_methods, score_units
from lucidag.planted.relevance import class_relevance
from lucidag.planted.scores import region_scores, relevance_scores, table_of
from lucidag.planted.settings import Planted as Settings
from lucidag.planted.truth import maps_of, planted_in, truth_table
from lucidag.units.settings import Draws
from tests.planted.test_network import COUNTS, TINY

NET = {
    "architecture": "lucidag.models.planted:make",
    "options": {**TINY, "shortcuts": {"heart": "red"}},
    "input": {"size": 64},
    "head": None,
}
HOW = Train(epochs=1, batch_size=16, trainable=["trunk", "fc"], threads=1, seed=4)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenes")
    store(folder, Scenes(source="scenes", number=96, tied={"heart": "red"}).load(), 0.0, 0)
    return read_manifest(folder)


@pytest.fixture(scope="module")
def network(manifest):
    found = open_network(NET, len(manifest.classes), HOW.seed)
    prepare(found.model, HOW)
    train(found.model, manifest, found.inputs, HOW)
    return found


@pytest.fixture(scope="module")
def truth(network, manifest) -> pd.DataFrame:
    model = planted_in(network)
    maps, covered = maps_of(network, manifest, manifest.rows_of(["val", "test"]), "cpu", 1)
    assert maps.shape[1:] == (sum(COUNTS.values()), 16, 16)
    return truth_table(model.plants(), model.fc.weight.detach(), manifest.classes, maps, covered, 0.001, 0.9)


def test_training_leaves_what_is_planted(network, truth, tmp_path):
    fresh = open_network(NET, 8, HOW.seed)
    prepare(fresh.model, HOW)
    before, after = fresh.model.state_dict(), network.model.state_dict()
    for name in before:
        if name.startswith(("detector.", "noise.", "plant.")):
            assert torch.equal(before[name], after[name]), name
    assert torch.equal(before["fc.weight"][:, 4:], after["fc.weight"][:, 4:])
    assert not torch.equal(before["trunk.0.weight"], after["trunk.0.weight"])
    save_checkpoint(tmp_path / "c.safetensors", network.model, {"classes": []})
    stored = load_file(tmp_path / "c.safetensors")
    assert [KINDS[kind] for kind in stored["kind"]] == truth["kind"].tolist()
    assert truth.loc[truth["kind"] == DEAD, "verified"].all()


def test_relevance_is_what_a_unit_adds_to_the_logit(network, truth, manifest):
    relevance = class_relevance(network, manifest, manifest.classes, "epsilon_plus_flat", 2, "cpu")
    assert len(relevance) == len(truth) * 8
    np.testing.assert_allclose(relevance["relevance"], relevance["contribution"], atol=1e-5)
    acting = relevance.merge(truth[["unit", "kind", "name"]].rename(columns={"name": "acts_on"}), on="unit")
    on = (acting["name"] == acting["acts_on"]) & (acting["kind"] != DEAD)
    assert not acting.loc[~on, "relevance"].any()
    noise = acting[on & (acting["kind"] == NOISE)]
    assert (noise["relevance"] > 0).all()
    table = table_of(relevance_scores(truth, relevance, Draws(resamples=10)))
    assert table.loc[table["measure"] == "auprc", "value"].dropna().eq(1).all()


def test_a_class_without_a_test_image_has_no_relevance(network, manifest):
    table = manifest.table.copy()
    table.loc[(table["split"] == "test") & (table["label"] == manifest.classes[0]), "split"] = "val"
    found = class_relevance(network, replace(manifest, table=table), manifest.classes, "epsilon_plus_flat", 1, "cpu")
    assert set(found["name"]) == set(manifest.classes[1:])


def test_regions_are_those_of_the_label_maps(network, truth, manifest):
    class Asked:
        planted, explain = Settings(), None

    rows = manifest.rows_of(["train", "val", "test"])
    known = network, truth, list(manifest.classes), manifest, rows
    methods = explainers(planted_families(Asked), network, "cpu")
    found = score_methods(*known, methods, 2, 0)
    assert set(found["method"]) == {"gradcam", "epsilon_plus_flat", "centre", "random"}
    assert set(found["kind"]) == {SHORTCUT}
    assert found["image"].nunique() == 2
    columns = manifest.table.set_index("image")
    assert (columns.loc[found["image"], "object"] != "heart").all()  # the class that is explained
    assert found["share"].between(0, 1).all()
    single = score_units(*known, "epsilon_plus_flat", 1)
    assert set(single["method"]) == {CRP}
    assert set(single["unit"]) <= set(truth.loc[(truth["name"] != "") & (truth["concept"] != ""), "unit"])
    scores = table_of(region_scores(pd.concat([found, single]), Draws(resamples=10)))
    own = scores[(scores["method"] == "gradcam") & (scores["kind"] == "all")].iloc[0]
    expected = found.loc[found["method"] == "gradcam", "auprc"].mean()
    assert own["value"] == pytest.approx(expected)


def test_a_network_without_planted_units_is_refused():
    other = open_network({**NET, "architecture": "lucidag.models.small:small_resnet", "options": {}}, 8)
    with pytest.raises(InputError, match="no planted units"):
        planted_in(other)
    with pytest.raises(InputError, match="no planted units"):
        planted_in(open_network(NET, 8))
