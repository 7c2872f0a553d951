"""Figures of dissection: every bar, mark and outline against the numbers that it shows."""

import itertools
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color

from lucidag.figures.concept_roles import concept_roles
from lucidag.figures.concepts import categories, units_per_concept
from lucidag.figures.roles import COLOURS
from lucidag.figures.style import save
from lucidag.figures.units import shaded, unit_sheet
from lucidag.rof.support import ROLES, role_of
from lucidag.units.compare.roles_join import join, role_tests
from lucidag.units.compare.sheet_units import UnitRow
from lucidag.units.compare.summary import summary
from lucidag.units.settings import Counting, Draws


def units(counts, layer="layer4", category="object"):
    """Make a table in which each concept has its number of units."""
    concepts = [concept for concept, number in counts.items() for _ in range(number)]
    return pd.DataFrame(
        {
            "layer": layer,
            "method": "clip-dissect",
            "unit": range(len(concepts)),
            "concept": concepts,
            "category": category,
            "score": 1.0,
            "verdict": "confirmed",
            "second_verdict": "",
            "second_chance": False,
            "judged_by": "annotations",
        }
    )


def bars(ax):
    """Give the bars of a panel by model and concept."""
    names = [label.get_text() for label in ax.get_yticklabels()]
    return {
        container.get_label(): dict(zip(names, (bar.get_width() for bar in container), strict=True))
        for container in ax.containers
    }


def drawn(fig):
    return [ax for ax in fig.axes if ax.axison]


def test_units_of_each_concept_are_the_bars():
    a = pd.concat([units({"wall": 5, "sky": 2, "cat": 9}), units({"red": 4}, "layer3")])
    b = pd.concat([units({"wall": 1, "sky": 6, "dog": 3}), units({"red": 1}, "layer3")])
    fig = units_per_concept({"A": a, "B": b}, min_units_per_concept=4)
    by_title = {ax.get_title(loc="left"): ax for ax in drawn(fig)}
    assert set(by_title) == {"layer4: 3 concepts", "layer3: 1 concept"}
    # cat has 9 units, sky 8 and wall 6; dog has no more than 3
    assert bars(by_title["layer4: 3 concepts"]) == {
        "A": {"cat": 9, "sky": 2, "wall": 5},
        "B": {"cat": 0, "sky": 6, "wall": 1},
    }
    assert bars(by_title["layer3: 1 concept"]) == {"A": {"red": 4}, "B": {"red": 1}}
    assert "at least 4 units" in fig.get_suptitle()
    assert [text.get_text() for text in fig.legends[0].get_texts()] == ["A", "B"]


def test_names_that_occur_twice_bear_their_category():
    both = pd.concat([units({"bridge": 4, "wall": 4}), units({"bridge": 5}, category="scene")])
    (ax,) = drawn(units_per_concept({"A": both}, 4))
    assert [label.get_text() for label in ax.get_yticklabels()] == ["bridge (scene)", "bridge (object)", "wall"]


def test_many_concepts_stay_readable_and_are_counted():
    many = units({f"concept{i:03d}": 4 for i in range(90)})
    fig = units_per_concept({"A": many, "B": units({"concept003": 1})}, 4)
    (ax,) = drawn(fig)
    assert ax.get_title(loc="left") == "layer4: 48 of 90 concepts"
    fig.canvas.draw()
    boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
    assert len(boxes) == 48
    for upper, lower in itertools.pairwise(boxes):
        assert lower.y1 <= upper.y0 + 0.5
    assert min(box.x0 for box in boxes) >= 0


def test_short_layers_share_a_column():
    table = pd.concat(
        [units({f"c{i}": 4 for i in range(n)}, layer) for layer, n in (("one", 8), ("two", 9), ("three", 40))]
    )
    fig = units_per_concept({"A": table}, 4)
    fig.canvas.draw()
    one, two, three = (ax.get_position() for ax in drawn(fig))
    assert one.x0 == pytest.approx(two.x0)
    assert one.y0 > two.y1
    assert three.x0 > one.x1


def test_nothing_to_draw_is_said(tmp_path):
    assert "No concept has 4 units or more" in units_per_concept({"A": units({"x": 1})}, 4).texts[0].get_text()
    none = summary(units({"none": 4}), Counting(resamples=10))
    assert "No unit has a confirmed label" in categories({"A": none}, "clip-dissect").texts[0].get_text()
    sheet = unit_sheet([UnitRow("u", [], [], [], [])], "x")
    assert "No unit has a label" in sheet.texts[0].get_text()
    assert "No unit has a label" in unit_sheet([], "x").texts[0].get_text()
    save(sheet, tmp_path / "a.png", tmp_path / "a.pdf")


def test_unique_concepts_by_category_are_the_stacks():
    table = pd.concat(
        [
            units({"wall": 5, "sky": 1, "cat": 2}),
            units({"hall": 3}, category="scene"),
            units({"red": 1}, "layer3", ""),
        ]
    )
    summaries = {model: summary(table, Counting(resamples=10)) for model in ("A", "B")}
    fig = categories(summaries, "clip-dissect")
    for ax, model in zip(fig.axes, ("A", "B"), strict=True):
        assert ax.get_title(loc="left") == model
        found = {container.get_label(): [bar.get_height() for bar in container] for container in ax.containers}
        places = [label.get_text() for label in ax.get_xticklabels()]
        assert dict(zip(places, found["object"], strict=True)) == {"layer4": 3, "layer3": 0}
        assert dict(zip(places, found["scene"], strict=True)) == {"layer4": 1, "layer3": 0}
        assert dict(zip(places, found["no category"], strict=True)) == {"layer4": 0, "layer3": 1}
        assert [text.get_text() for text in ax.texts] == ["4", "1"]
    assert "confirmed labels" in fig.get_suptitle()


def test_a_layer_without_a_bar_says_why():
    tables = [units({"wall": 2}), units({"sky": 3}, "layer2").assign(verdict="unconfirmed")]
    found = summary(pd.concat(tables), Counting(resamples=10))
    layers = found["methods"]["clip-dissect"]["confirmed"]["layers"]
    layers["fc"] = {**layers["layer2"], "units": 0}
    (ax,) = categories({"A": found}, "clip-dissect").axes
    words = {round(text.get_position()[0]): text.get_text() for text in ax.texts}
    places = [label.get_text() for label in ax.get_xticklabels()]
    said = {layer: words[place] for place, layer in enumerate(places)}
    assert said == {"layer4": "1", "layer2": "none\nconfirmed", "fc": "nothing to\nmeasure"}


def joined_units(n0, units=40, seed=0):
    rng = np.random.default_rng(seed)
    ranks = [rng.permutation(units) + 1 for _ in range(2)]
    roles = pd.DataFrame(
        {
            "unit": range(units),
            "role": role_of(ranks[0] <= n0, ranks[1] <= n0),
            "supported": "undetermined",
            "rank_train": ranks[0],
            "rank_test": ranks[1],
            "flags": "",
        }
    )
    labels = pd.DataFrame(
        {
            "method": "clip-dissect",
            "unit": range(units),
            "concept": [f"c{i % 7}" for i in range(units)],
            "category": "",
            "score": rng.uniform(0, 0.4, units),
        }
    )
    labels["verdict"] = np.where(labels["score"] >= 0.2, "confirmed", "unconfirmed")
    joined = join(roles, labels)
    return joined, role_tests(joined, Draws(resamples=199))


def test_scores_roles_and_concepts_are_what_is_drawn():
    joined, tests = joined_units(15)
    fig = concept_roles(joined, tests, "clip-dissect")
    axes = {ax.get_label(): ax for ax in fig.axes}
    points = {each.get_label().split(" (")[0]: each.get_offsets() for each in axes["scatter"].collections}
    for role in ROLES:
        own = joined[joined["role"] == role][["rank_test", "score"]].to_numpy()
        np.testing.assert_allclose(np.asarray(points[role.replace("_", " ")]), own)
    labels = {line.get_label(): line for line in axes["scatter"].lines}
    assert labels["turning point n₀ = 15"].get_xdata()[0] == 15.5
    confirmed = joined[joined["labelled"]][["rank_test", "score"]].to_numpy()
    np.testing.assert_allclose(np.asarray(points["confirmed label"]), confirmed)
    widths = {
        label.get_text(): bar.get_width()
        for label, bar in zip(axes["shares"].get_yticklabels(), axes["shares"].patches, strict=True)
    }
    for role in ROLES:
        own = joined[joined["role"] == role]
        assert widths[role.replace("_", " ")] == pytest.approx(own["labelled"].mean())
    counted = joined[joined["labelled"]].groupby(["concept", "role"]).size()
    names = [label.get_text() for label in axes["concepts"].get_yticklabels()]
    for role, container in zip(ROLES, axes["concepts"].containers, strict=True):
        for name, bar in zip(names, container, strict=True):
            assert bar.get_width() == counted.get((name, role), 0)
            assert same_color(bar.get_facecolor(), COLOURS[role])


def test_degenerate_roles_are_said_in_the_figure():
    joined, tests = joined_units(40)
    axes = {ax.get_label(): ax for ax in concept_roles(joined, tests, "clip-dissect").axes}
    title = axes["shares"].get_title(loc="left")
    assert "no test" in title
    assert "all 40 units are ranked up to the turning point on test" in title
    assert "p = " in axes["scatter"].get_title(loc="left")
    assert "has no labels" in concept_roles(joined, tests, "netdissect").texts[0].get_text()


def test_a_sheet_shows_each_image_with_its_region(tmp_path):
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (channels, 16, 16), dtype=np.uint8) for channels in (3, 1)]
    region = np.zeros((16, 16), dtype=bool)
    region[4:9, 5:12] = True
    rows = [
        UnitRow("layer4, unit 3", ["wall (0.31)", "costs $5 and $6"], frames, [region, ~region], ["2.5", "2.4"]),
        UnitRow("fc, unit 0", ["none"], frames[:1], [None], [""]),
    ]
    fig = unit_sheet(rows, "units")
    assert [len(ax.images) for ax in fig.axes] == [1, 1, 1]
    assert [len(ax.collections) for ax in fig.axes] == [1, 1, 0]
    first = np.asarray(fig.axes[0].images[0].get_array())
    image = frames[0].transpose(1, 2, 0)
    assert (first[region] == image[region]).all()
    np.testing.assert_allclose(first[~region], image[~region] * 0.6, atol=0.5)
    # the outline runs half a pixel around the region
    outline = fig.axes[0].collections[0].get_paths()[0].vertices
    np.testing.assert_allclose(outline.min(axis=0), [4.5, 3.5])
    np.testing.assert_allclose(outline.max(axis=0), [11.5, 8.5])
    assert (np.asarray(fig.axes[2].images[0].get_array()) == image).all()
    assert [ax.get_xlabel() for ax in fig.axes] == ["2.5", "2.4", ""]
    assert shaded(frames[1], None).shape == (16, 16, 3)
    for name in "ab":
        save(unit_sheet(rows, "units"), tmp_path / f"{name}.png", tmp_path / f"{name}.pdf")
    for suffix in ("png", "pdf"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_nothing_of_this_needs_torch(root):
    modules = (
        "units.compare.two_models, lucidag.units.labels.quality, lucidag.units.labels.ranking, "
        "lucidag.units.compare.roles_join, "
        "lucidag.figures.concepts, lucidag.figures.units, lucidag.figures.concept_roles, lucidag.data.polygons"
    )
    seen = f"import sys, lucidag.{modules}; print('torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", seen], cwd=root, text=True).strip() == "False"
