"""Discovery against planted truth: clouds with and without kinds, maps with and without an artefact, split units."""

from math import comb

import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu
from sklearn.cluster import SpectralClustering
from sklearn.metrics import adjusted_rand_score

from lucidag.artefacts.discover.clusters import cut, gap, spectrum, stability
from lucidag.artefacts.discover.columns import MEMBERS, REST, best_match
from lucidag.artefacts.discover.descriptors import descriptors, shrunk, turned, unit_descriptors
from lucidag.artefacts.discover.found import candidates, distinct, phi
from lucidag.artefacts.discover.kinds import apart, kind_of
from lucidag.artefacts.discover.settings import Discovery
from lucidag.artefacts.discover.stage import IMAGES, KINDS, Shown, run_discovery
from lucidag.artefacts.discover.units import HALVES, Question, halves, told_apart, units_table
from lucidag.data.features import Features
from lucidag.data.manifest import read_manifest, write_manifest
from lucidag.ground.statistics.corrections import holm

QUICK = Discovery(clusters=4, surrogates=19, resamples=10)


def cloud(seed: int, count: int = 120, far: float = 0.0, dim: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Draw points, a third of which lie `far` away."""
    rng = np.random.default_rng(seed)
    own = rng.random(count) < 1 / 3
    return rng.normal(size=(count, dim)) + far * own[:, None] * (np.arange(dim) == 0), own


def test_the_eight_ways_a_map_can_lie_become_one():
    rng = np.random.default_rng(0)
    first = rng.normal(size=(8, 8))
    ways = [np.rot90(each, turn) for each in (first, first[:, ::-1]) for turn in range(4)]
    found = turned(np.array(ways))
    assert all(np.allclose(found[0], each) for each in found)


def test_maps_are_averaged_over_fields_and_of_one_length():
    maps = np.arange(2 * 36, dtype=float).reshape(2, 6, 6)
    by_hand = maps.reshape(2, 3, 2, 3, 2).mean(axis=(2, 4))
    assert np.allclose(shrunk(maps, 3), by_hand)
    assert shrunk(maps, 4).shape == (2, 4, 4)
    rows = descriptors(np.concatenate([maps, 0 * maps]), 3, upright=False)
    assert np.linalg.norm(rows, axis=1).tolist() == pytest.approx([1, 1, 0, 0])
    units = unit_descriptors(np.array([[3.0, 5.0], [1.0, 5.0]]), np.array([[1.0, 5.0], [3.0, 5.0]]))
    assert np.allclose(units, [[1, 0], [-1, 0]])


@pytest.mark.parametrize("seed", range(3))
def test_clusters_are_those_of_scikit_learn(seed):
    vectors, own = cloud(seed, far=8)
    _, embedding = spectrum(vectors, 10, 2)
    labels = cut(embedding, 2, 0)
    theirs = SpectralClustering(2, affinity="nearest_neighbors", n_neighbors=11, random_state=0).fit_predict(vectors)
    assert adjusted_rand_score(labels, theirs) == pytest.approx(1)
    assert adjusted_rand_score(labels, own) == pytest.approx(1)
    assert stability(vectors, labels, 10, 10, 0).mean() > 0.98


def test_the_eigengap_is_told_from_maps_without_clusters_only_where_there_are_some():
    # Three groups far apart: the graph has three parts, and three eigenvalues of 0.
    rng = np.random.default_rng(0)
    vectors = np.repeat(np.eye(3), 40, axis=0) * 10 + rng.normal(size=(120, 3))
    found = gap(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), 10, 6, 39, 0)
    assert found.clusters == 3
    assert found.values[:3] == pytest.approx(np.zeros(3), abs=1e-9)
    assert found.p == pytest.approx(1 / 40)
    none = [gap(each / np.linalg.norm(each, axis=1, keepdims=True), 10, 6, 19, 0).p for each, _ in map(cloud, range(8))]
    assert sum(p <= 0.05 for p in none) <= 1


def test_two_kinds_are_apart_where_fewer_lie_between():
    p, counts = apart(np.concatenate([np.zeros(30), np.ones(20), np.full(2, 0.5)]))
    assert counts == (30, 2, 20)
    assert p == pytest.approx(sum(comb(22, k) for k in range(3)) / 2**22)
    assert apart(np.linspace(-0.25, 1.25, 60, endpoint=False))[0] > 0.4
    assert apart(np.full(50, 0.5))[0] == 1


@pytest.mark.parametrize("shape", ["normal", "skewed", "uniform", "two tails"])
def test_one_peak_is_rarely_taken_for_two_kinds(shape):
    rng = np.random.default_rng(0)
    draws = {
        "normal": lambda: rng.normal(size=(240, 5)),
        "skewed": lambda: rng.exponential(size=(240, 5)),
        "uniform": lambda: rng.uniform(size=(240, 5)),
        "two tails": lambda: rng.standard_t(2, size=(240, 5)),
    }
    false = 0
    for _ in range(16):
        points = draws[shape]()
        found = candidates(points[:120], points[120:], "maps", 0, QUICK.model_copy(update={"surrogates": 1})).candidates
        false += bool(found) and holm([each.p for each in found]).min() <= 0.05
    assert false <= 1


@pytest.mark.parametrize("seed", range(5))
def test_planted_kinds_are_found_and_their_members_known(seed):
    points, own = cloud(seed, 240, far=7)
    found = candidates(points[:120], points[120:], "maps", 0, QUICK)
    best = distinct(sorted(found.candidates, key=lambda each: each.p))[0]
    assert holm([each.p for each in found.candidates]).min() < 0.001
    assert abs(phi(best.members, own[120:])) > 0.95
    again = kind_of(points[:120], own[:120])
    assert (again.members(points[120:]) == own[120:]).mean() > 0.98


def test_the_column_is_chosen_on_one_set_and_measured_on_the_other():
    rng = np.random.default_rng(0)
    picked, tested = rng.random(100) < 0.4, rng.random(100) < 0.4
    ring = (~picked, ~tested ^ (rng.random(100) < 0.1))
    noise = (rng.random(100) < 0.5, rng.random(100) < 0.5)
    found = best_match(picked, tested, {"noise = 1": noise, "ring = 1": ring}, 0.95)
    assert found is not None
    assert (found.name, found.side) == ("ring = 1", REST)
    side = ~tested
    assert found.precision["value"] == pytest.approx((side & ring[1]).sum() / side.sum())
    assert found.recall["value"] == pytest.approx((side & ring[1]).sum() / ring[1].sum())
    assert found.p < 1e-6
    assert best_match(picked, tested, {}, 0.95) is None
    assert best_match(picked, tested, {"same": (picked, tested)}, 0.95).side == MEMBERS


def test_units_that_go_with_a_flag_inside_classes_are_found_and_those_of_the_class_are_not():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 300)
    flag = (rng.random(300) < 0.2 + 0.6 * labels).astype(float)
    features = rng.normal(size=(300, 8))
    features[:, 0] += 2 * flag
    features[:, 1] += 3 * labels  # goes with the flag over all images, and not inside a class
    auc, p = told_apart(features, flag, labels)
    assert auc[0] > 0.85
    assert p[0] < 1e-10
    assert p[1] > 0.01
    one = labels == 0
    plain = mannwhitneyu(features[one & (flag == 1)], features[one & (flag == 0)], axis=0, method="asymptotic")
    assert told_apart(features[one], flag[one], labels[one])[1] == pytest.approx(plain.pvalue)


def test_a_unit_that_splits_a_class_is_found_and_dealt_out_flags_are_not():
    rng = np.random.default_rng(1)
    labels = {key: rng.integers(0, 2, 400) for key in ("picked", "tested")}
    features = {key: rng.normal(size=(400, 6)) for key in labels}
    for key in labels:
        features[key][:, 3] += 8 * ((rng.random(400) < 0.4) & (labels[key] == 1))
    dealt = Question("column", "noise", *(rng.integers(0, 2, 400).astype(float) for _ in range(2)))
    table = units_table(features, labels, [dealt], ("a", "b"), 0.05)
    assert table[table["found"]][["unit", "kind", "name"]].to_numpy().tolist() == [[3, HALVES, "b"]]
    assert halves(np.array([0.0, 0.2, 9.0, 10.0, 11.0])) == pytest.approx((0.1, 10.0))


def planted_images(seed: int, there: bool) -> tuple[dict[str, Shown], dict[str, list[str]]]:
    """Make maps of 2 x 200 images of one class: relevance in the middle, or for those with an artefact on the rim."""
    rng = np.random.default_rng(seed)
    shown, flags = {}, {}
    for split in ("val", "test"):
        flag = rng.random(200) < 0.4
        maps = rng.normal(0, 0.15, (200, 16, 16))
        maps[:, 5:11, 5:11] += np.where(flag & there, 0.2, 1)[:, None, None]
        for place in np.flatnonzero(flag) if there else ():
            maps[place] = np.rot90(
                maps[place] + 2 * (np.arange(16) < 3)[:, None] * (np.arange(16) > 5), rng.integers(4)
            )
        logits = np.repeat([[1.0, 0.0]], 200, axis=0)
        images = tuple(f"{split}-{place}" for place in range(200))
        zeros = np.zeros(200, np.int64)
        features = rng.normal(size=(200, 5)).astype(np.float32)
        content = Features(images, zeros, zeros, logits, features, None, None, ("a", "b"), ("",), "fc")
        shown[split] = Shown(content, maps.astype(np.float32))
        flags[split] = [str(int(each)) for each in flag]
    return shown, flags


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("there", [True, False])
def test_a_planted_artefact_on_any_rim_is_proposed_and_none_where_there_is_none(tmp_path, seed, there):
    shown, flags = planted_images(seed, there)
    images = [image for each in shown.values() for image in each.content.images]
    splits = ["val"] * 200 + ["test"] * 200
    site = np.random.default_rng(seed).integers(0, 3, 400).astype(str)
    table = pd.DataFrame({"image": images, "label": "a", "split": splits, "patch": [*flags["val"], *flags["test"]]})
    pixels = np.zeros((400, 2, 2, 1), np.uint8)
    write_manifest(tmp_path, table.assign(site=site), ["a", "b"], images=pixels)
    found = run_discovery(shown, read_manifest(tmp_path / "manifest.csv"), QUICK)
    assert list(found.kinds.columns) == list(KINDS)
    assert list(found.images.columns) == list(IMAGES)
    proposed = found.kinds[found.kinds["proposed"]]
    assert len(proposed) == there
    assert found.report["notes"][0].startswith("0 validation and 0 test images are taken for class 'b'")
    if there:
        row = proposed.iloc[0]
        assert (row["kind"], row["name"], row["column"]) == ("maps", "a", "patch = 1")
        assert min(row["precision"], row["recall"]) > 0.95
        assert row["stability"] > 0.9
        assert row["gap_p"] <= 0.05
        member = found.images.set_index("image")["member"]
        flag = pd.Series([cell == "1" for cell in flags["test"]], index=shown["test"].content.images)
        assert ((member == flag).mean() > 0.95) or ((member != flag).mean() > 0.95)
