import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind

from lucidag.artefacts.changes import against_control, changes
from lucidag.artefacts.finders import FINDERS
from lucidag.artefacts.on_artefacts import by_method, difference, on_artefacts
from lucidag.artefacts.paste import KINDS, paste, remove
from lucidag.data.lesions import draw_one
from lucidag.ground.errors import InputError

SHAPES = [(64, 64), (170, 256), (256, 170)]


def pixels(shape, seed=0):
    rng = np.random.default_rng(seed)
    return np.clip(np.array([205, 165, 145]) + rng.normal(0, 2, (*shape, 3)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_what_is_pasted_is_found_and_the_rest_untouched(kind, shape, seed):
    before = pixels(shape)
    after, mask = paste(before, kind, seed)
    again, same = paste(before, kind, seed)
    assert (after == again).all()
    assert (mask == same).all()
    assert 0.01 < mask.mean() < 0.6
    assert (after == before)[~mask].all()
    finding = FINDERS[kind].find(after)
    assert finding.score > FINDERS[kind].threshold
    least = 0.4 if kind == "dark_corner" else 0.8  # half of its soft edge is still bright
    assert (finding.mask & mask).sum() / (finding.mask | mask).sum() > least
    assert FINDERS[kind].find(before).score <= FINDERS[kind].threshold


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_removed_is_no_longer_found_and_even_skin_comes_back(kind, shape):
    before = pixels(shape)
    after, mask = paste(before, kind, 3)
    back = remove(after, mask)
    assert FINDERS[kind].find(back).score <= FINDERS[kind].threshold
    assert np.abs(back.astype(int) - before)[mask].mean() < 12
    assert np.abs(after.astype(int) - before)[mask].mean() > 40
    assert (remove(before, np.zeros(shape, bool)) == before).all()


def test_a_patch_leaves_the_lesion_free():
    hidden = []
    for seed in range(20):
        drawing = draw_one(seed, 64, 9, malignant=0.5, hair=0.3)
        _, mask = paste(drawing.image, "patch", seed)
        hidden.append((mask & drawing.lesion).sum() / drawing.lesion.sum())
    assert np.mean(hidden) < 0.05


def test_bad_requests_are_named():
    with pytest.raises(InputError, match="did you mean 'ring'"):
        paste(pixels((64, 64)), "rings", 0)
    with pytest.raises(InputError, match="the mask is"):
        remove(pixels((64, 64)), np.ones((4, 4), bool))
    with pytest.raises(InputError, match="covers the whole image"):
        remove(pixels((64, 64)), np.ones((64, 64), bool))


def test_changes_by_hand():
    lost = changes([0.6, 0.7, 0.2, 0.9], [0.4, 0.3, 0.6, 0.95], 0.95, 20, 0)
    assert [lost[key]["value"] for key in ("up", "to_class", "from_class")] == [0.5, 0.25, 0.5]
    found = changes([0.2, 0.4, 0.6, 0.9], [0.1, 0.7, 0.4, 0.95], 0.95, 200, 0)
    assert found["before"]["value"] == pytest.approx(0.525)
    assert found["change"]["value"] == pytest.approx(0.0125)
    assert found["change"]["low"] < 0.0125 < found["change"]["high"]
    assert [found[key]["value"] for key in ("up", "to_class", "from_class")] == [0.5, 0.25, 0.25]
    nothing = changes([], [], 0.95, 20, 0)
    assert nothing["change"] == {
        "value": None,
        "low": None,
        "high": None,
        "n": 0,
        "reason": "no value is too few for an interval",
        "each": [None],
    }
    with pytest.raises(InputError, match="no probability"):
        changes([0.5], [1.5], 0.95, 20, 0)
    with pytest.raises(InputError, match="as many"):
        changes([0.5], [0.5, 0.5], 0.95, 20, 0)


def test_the_interval_of_a_change_is_paired():
    rng = np.random.default_rng(0)
    before = rng.uniform(0.1, 0.8, 60)
    found = against_control(before, before + 0.1, before + 0.02, 0.95, 200, 0)
    assert found["artefact"]["change"]["low"] == pytest.approx(0.1)  # the spread between images does not enter
    assert found["beyond"]["value"] == pytest.approx(0.08)
    assert found["beyond"]["high"] - found["beyond"]["low"] < 1e-9
    control = np.where(np.arange(60) < 40, before + 0.02, np.nan)  # some have none
    part = against_control(before, before + 0.1, control, 0.95, 200, 0)
    assert part["artefact"] == found["artefact"]
    assert (part["control"]["change"]["n"], part["beyond"]["n"]) == (40, 40)
    assert part["control"]["before"]["value"] == pytest.approx(before[:40].mean())
    assert part["beyond"]["value"] == pytest.approx(0.08)


def test_relevance_on_an_artefact_by_hand():
    values = np.array([[1.0, 3.0], [-5.0, 0.0]])
    masks = {"ring": np.array([[False, True], [False, False]]), "none": np.zeros((2, 2), bool)}
    table = on_artefacts("a", {"lrp": values, "flat": np.zeros((2, 2))}, masks)
    assert table["artefact"].unique().tolist() == ["ring"]
    lrp, flat = table.to_dict("records")
    assert (lrp["share"], lrp["area"], lrp["concentration"]) == pytest.approx((0.75, 0.25, 3.0))
    assert np.isnan(flat["share"])
    with pytest.raises(InputError, match="map 'lrp'"):
        on_artefacts("a", {"lrp": values}, {"ring": np.ones((3, 3), bool)})
    with pytest.raises(InputError, match="NaN"):
        on_artefacts("a", {"lrp": values * np.nan}, {"ring": masks["ring"]})


def test_a_model_that_looks_at_the_ring_stands_out_and_one_that_does_not_does_not():
    rng, tables = np.random.default_rng(0), {"with": [], "without": []}
    ring = np.zeros((16, 16), bool)
    ring[:4] = True
    for index in range(30):
        base = rng.random((16, 16))
        tables["with"].append(on_artefacts(f"p{index}", {"lrp": base + 2 * ring, "cam": base}, {"ring": ring}))
        tables["without"].append(on_artefacts(f"p{index}", {"lrp": base, "cam": rng.random((16, 16))}, {"ring": ring}))
    first, second = (pd.concat(parts).assign(model=model) for model, parts in tables.items())
    summary = by_method(first, 0.95, 200, 0).set_index("method")
    assert summary.loc["lrp", "excess_low"] > 0.2
    assert summary.loc["cam", "share_low"] < 0.25 < summary.loc["cam", "share_high"]
    assert summary.loc["cam", "area"] == 0.25
    beside = difference(first, second, 0.95, 200, 0).set_index("method")
    assert beside.loc["lrp", "difference_low"] > 0.2
    assert beside.loc["cam", "difference_low"] < 0.02
    assert beside.loc["lrp", "images"] == 30
    nothing = second.assign(share=second["share"].where(second["method"] == "lrp"))
    undefined = difference(first, nothing, 0.95, 200, 0).set_index("method").loc["cam"]
    assert undefined["images"] == 0
    assert undefined.drop(["artefact", "networks", "images"]).isna().all()
    expected = (2 * 64 + 32) / (2 * 64 + 128)  # uniform noise has the mean .5
    assert beside.loc["lrp", "first"] == pytest.approx(expected, abs=0.01)


def test_of_several_networks_an_arm_the_interval_is_over_networks_too():
    rng = np.random.default_rng(0)
    images = [f"p{number}" for number in range(20)]
    shift = {"a": 0.3, "b": 0.5, "c": 0.7, "x": 0.1, "y": 0.2, "z": 0.15}
    cells = [(model, image, rng.uniform(-0.01, 0.01)) for model in shift for image in images]
    table = pd.DataFrame(cells, columns=["model", "image", "noise"]).assign(artefact="ring", method="lrp", area=0.2)
    table["share"] = table["model"].map(shift) + table.pop("noise")
    first, second = (table[table["model"].isin(list(names))] for names in ("abc", "xyz"))
    (row,) = by_method(first, 0.95, 200, 0).to_dict("records")
    assert (row["networks"], row["images"]) == (3, 20)
    assert row["each"] == pytest.approx([0.3, 0.5, 0.7], abs=0.01)
    half = (row["share_high"] - row["share_low"]) / 2  # Student's of three networks: 4.303 * .2 / sqrt(3)
    assert half == pytest.approx(4.303 * 0.2 / 3**0.5, rel=0.02)
    (beside,) = difference(first, second, 0.95, 200, 0).to_dict("records")
    assert (beside["first"], beside["second"]) == pytest.approx((0.5, 0.15), abs=0.01)
    welch = ttest_ind([0.3, 0.5, 0.7], [0.1, 0.2, 0.15], equal_var=False).confidence_interval()
    assert (beside["difference_low"], beside["difference_high"]) == pytest.approx((welch.low, welch.high), abs=0.03)
    one = difference(first[first["model"] == "a"], second, 0.95, 200, 0).iloc[0]
    assert one["networks"] == 1
    assert one["difference_high"] - one["difference_low"] < 0.02  # over images alone


def test_changes_of_several_networks():
    before = np.array([[0.2, 0.4, 0.6], [0.1, 0.2, 0.3]])
    found = changes(before, before + np.array([[0.1], [0.3]]), 0.95, 20, 0)
    assert found["change"]["value"] == pytest.approx(0.2)
    assert found["change"]["each"] == pytest.approx([0.1, 0.3])
    assert found["to_class"]["value"] == pytest.approx(1 / 6)
    assert found["up"]["reason"].startswith("all values are equal")
    assert found["up"] | {"reason": ""} == {
        "value": 1.0,
        "low": None,
        "high": None,
        "n": 3,
        "reason": "",
        "each": [1.0, 1.0],
    }
