from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from lucidag.explain.agreement.baselines import random
from lucidag.explain.agreement.images import joined
from lucidag.explain.faithfulness.floors import floors, mean_of_pairs, of_different_images, with_the_rest
from lucidag.explain.faithfulness.metrics import CURVE_COLUMNS, FLOOR, OTHER_IMAGES
from lucidag.explain.store import Explained
from lucidag.ground.errors import InputError
from lucidag.ground.join import join_rows
from lucidag.ground.tables import write_rows

# Ranks of four pixels; by hand: a and b are correlated by .8, a and c by -1, b and c by -.8.
A, B, C = ([[1, 2], [3, 4]], [[1, 3], [2, 4]], [[4, 3], [2, 1]])


def explained(image, **maps):
    frame = np.zeros((1, 2, 2), np.uint8)
    return Explained(image, frame, None, {name: np.array(each, np.float32) for name, each in maps.items()})


def values_of(points, method):
    return {(point.image, point.share): point.value for point in points if point.method == method}


def test_of_maps_by_hand():
    points = of_different_images([explained("a", cam=A), explained("b", cam=B), explained("c", cam=C)], seed=0)
    assert {point.curve for point in points} == {OTHER_IMAGES}
    wanted = {"a": 0.9, "b": 0.8, "c": 0.9}  # the signs do not count
    for share in (0.0, 1.0):
        for image, value in wanted.items():
            assert values_of(points, "cam")[image, share] == pytest.approx(value)
    noise = [random(2, 0, image, draws=1)[0].ravel() for image in "abc"]
    rho = [abs(spearmanr(one, other).statistic) for one, other in combinations(noise, 2)]
    assert values_of(points, "random")["a", 1.0] == pytest.approx((rho[0] + rho[1]) / 2)
    table = floors(pd.DataFrame(map(vars, points), columns=list(CURVE_COLUMNS)), 0.95, 100, 0)
    row = table.set_index(["method", "floor"]).loc[("cam", "other_images")]
    assert row["mean"] == pytest.approx((0.8 + 1 + 0.8) / 3)
    assert (row["n"], row["undefined"]) == (3, 0)


def test_a_map_that_shows_nothing_and_a_lone_image_have_no_value():
    images = [explained("a", cam=A), explained("b", cam=np.zeros((2, 2))), explained("c", cam=C, lrp=A)]
    points = of_different_images(images, seed=0)
    assert values_of(points, "cam")["b", 1.0] is None
    assert values_of(points, "cam")["a", 1.0] == pytest.approx(1)
    assert values_of(points, "lrp") == {("c", 0.0): None, ("c", 1.0): None}
    table = floors(pd.DataFrame(map(vars, points), columns=list(CURVE_COLUMNS)), 0.95, 100, 0).set_index("method")
    assert table.loc["cam", ["n", "undefined"]].tolist() == [2, 1]
    assert table.loc["cam", "reason"] == "2 values are too few for an interval"
    assert np.isnan(table.loc["lrp", "mean"])


def test_the_control_that_never_moves_is_the_same_for_all_images():
    points = of_different_images([Explained(name, np.zeros((1, 4, 4), np.uint8), None, {}) for name in "abc"], seed=0)
    assert list(values_of(points, "centre").values()) == pytest.approx([1] * 6)
    row = floors(pd.DataFrame(map(vars, points), columns=list(CURVE_COLUMNS)), 0.95, 100, 0).set_index("method")
    assert row.loc["centre", "reason"].startswith("all 3 values are equal")


def test_an_interval_of_pairs_is_wider_than_that_of_as_many_single_values():
    rng = np.random.default_rng(3)
    pattern = rng.normal(size=30)
    maps = [rng.normal(size=30) + rng.normal(1, 1) * pattern for _ in range(20)]
    means = with_the_rest(maps)
    pairs = [abs(spearmanr(one, other).statistic) for one, other in combinations(maps, 2)]
    found = mean_of_pairs(means, 0.95, 500, 0)
    assert found.mean == pytest.approx(np.mean(pairs))
    # The jackknife's error, each image left out in turn.
    of_all = np.array([abs(spearmanr(one, other).statistic) for one in maps for other in maps]).reshape(20, 20)
    kept = [np.delete(np.delete(of_all, at, 0), at, 1) for at in range(20)]
    without = np.array([(each.sum() - 19) / (19 * 18) for each in kept])
    error = np.sqrt(19 / 20 * np.square(without - without.mean()).sum())
    assert (found.high - found.low) / 2 >= 1.9 * error
    assert error > 1.7 * means.std(ddof=1) / np.sqrt(20)
    picked = mean_of_pairs(means, 0.95, 500, 0, hand_picked=True)
    assert np.isnan(picked.low)
    assert picked.reason == "hand-picked"


def test_two_untrained_networks_are_a_mean_over_images():
    points = pd.DataFrame(
        [(f"p{at}", "cam", FLOOR, share, "", value) for at, value in enumerate((-0.5, 0.1)) for share in (0.0, 1.0)],
        columns=list(CURVE_COLUMNS),
    )
    (row,) = floors(points, 0.95, 100, 0).to_dict("records")
    assert (row["floor"], row["mean"], row["n"]) == ("untrained", pytest.approx(0.3), 2)
    assert floors(points[:0], 0.95, 100, 0).empty


def test_bytes_are_the_same_whatever_the_jobs_that_explained(tmp_path):
    images = [explained("a", cam=A, lime=C), explained("b", cam=B, lime=A), explained("c", cam=C, lime=A)]
    by_family = [
        [explained(each.image, **{name: each.maps[name]}) for each in images[part]]
        for name in ("cam", "lime")
        for part in (slice(0, 2), slice(2, 3))
    ]
    whole, split = (of_different_images(each, 0) for each in (images, joined(by_family)))
    write_rows(tmp_path / "whole.csv", CURVE_COLUMNS, map(vars, [*whole, *whole]))
    write_rows(tmp_path / "part.csv", CURVE_COLUMNS, map(vars, split))
    join_rows(tmp_path / "joined.csv", [tmp_path / "part.csv"] * 2)
    assert (tmp_path / "joined.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_maps_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="3 x 3"):
        of_different_images([explained("a", cam=A), explained("b", cam=np.eye(3))], 0)
