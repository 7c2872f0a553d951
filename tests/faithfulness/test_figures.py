import numpy as np
import pandas as pd
import pytest

from lucidag.explain.faithfulness.floors import FLOOR_COLUMNS
from lucidag.explain.faithfulness.metrics import BETTER, COLUMNS, CURVE_COLUMNS, METRICS, Row
from lucidag.explain.faithfulness.summary import pairs, summary
from lucidag.explain.faithfulness.summary import ranking as rank
from lucidag.figures.faithfulness import METRIC_NAMES, ranking
from lucidag.figures.faithfulness_curves import Bands, curves
from lucidag.figures.style import BLUE, save
from lucidag.ground.statistics.intervals import estimate
from tests.figures.titles import TITLES

BANDS = Bands(0.95, 100, 0)
FLOORS = pd.DataFrame(
    [
        ("gradcam", "untrained", 0.25, 0.1, 0.5, 3, 0, ""),
        ("gradcam", "other_images", 0.5, np.nan, np.nan, 2, 1, "few"),
        ("lime", "other_images", np.nan, np.nan, np.nan, 0, 3, "few"),
        ("centre", "untrained", 1, 1, 1, 3, 0, ""),
    ],
    columns=list(FLOOR_COLUMNS),
)
METHODS = ("gradcam", "lime", "centre", "random")
NAMES = ["Grad-CAM", "LIME", "centre of the frame", "smooth noise"]


def ranked(metrics=METRICS, images=9, best="gradcam", undefined=(), seed=0):
    draw = np.random.default_rng(seed)
    rows = []
    for metric in metrics:
        better = 1 if BETTER[metric] == "higher" else -1
        for method in METHODS:
            values = draw.normal(scale=0.2, size=images) + better * 3 * (method == best)
            values = np.where(method in undefined, np.nan, values)
            rows += [Row(f"p{i}", method, metric, value, "", BETTER[metric], "") for i, value in enumerate(values)]
    table = pd.DataFrame([vars(row) for row in rows], columns=list(COLUMNS))
    return rank(summary(table, 0.95, 100, 0), pairs(table, 0.95, 100, 0))


def points(seed=0, names=("deletion", "insertion", "road_most_relevant_first", "road_least_relevant_first")):
    draw = np.random.default_rng(seed)
    rows = [
        (f"p{image}", method, curve, share, "", draw.random())
        for image in range(3)
        for method in METHODS
        for curve in names
        for share in (0.0, 0.5, 1.0)
    ]
    for image, value in enumerate((-0.6, 0.2, np.nan)):
        rows += [(f"p{image}", "lime", "randomisation", share, "fc", value) for share in (0.5, 1.0)]
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))


@pytest.mark.parametrize("seed", range(2))
def test_dots_are_the_table(seed):
    table = ranked(seed=seed)
    fig = ranking(table, 0.95, TITLES)
    assert len(fig.axes) == len(METRICS)
    for ax, metric in zip(fig.axes, METRICS, strict=True):
        rows = table[table["metric"] == metric].set_index("method")
        assert ax.get_title(loc="left") == f"{METRIC_NAMES[metric]}\n{BETTER[metric]} is better, n = 9"
        for y, (method, bar) in enumerate(zip(METHODS, ax.containers, strict=True)):
            point, _, (interval,) = bar.lines
            assert (point.get_xdata()[0], point.get_ydata()[0]) == (rows.loc[method, "mean"], y)
            ends = interval.get_segments()[0][:, 0]
            np.testing.assert_allclose(ends, rows.loc[method, ["low", "high"]].to_numpy(dtype=float))
        assert [text.get_text() for text in ax.texts] == ["1", "2", "rank"]
        assert [text.get_fontweight() for text in ax.texts[:2]] == ["bold", "normal"]
    assert [tick.get_text() for tick in fig.axes[0].get_yticklabels()] == NAMES


def test_filled_is_what_beats_both_controls():
    for best, faces in (("gradcam", [BLUE, "white"]), ("random", ["white", "white"])):
        for ax in ranking(ranked(best=best), 0.95, TITLES).axes:
            by_height = {bar.lines[0].get_ydata()[0]: bar.lines[0].get_markerfacecolor() for bar in ax.containers}
            names = [tick.get_text() for tick in ax.get_yticklabels()] or NAMES
            assert sorted(by_height[y] for y, name in enumerate(names) if name in NAMES[:2]) == sorted(faces)


def test_undefined_unmeasured_one_image_and_nothing(tmp_path):
    fig = ranking(ranked(undefined=("lime",)), 0.95, TITLES)
    assert all("undefined" in [text.get_text() for text in ax.texts] for ax in fig.axes)
    some = ranked()
    some = some[~((some["metric"] == "sensitivity_max") & (some["method"] == "lime"))]
    words = [[text.get_text() for text in ax.texts] for ax in ranking(some, 0.95, TITLES).axes]
    assert ["not measured" in each for each in words] == [True] + [False] * 5
    fig = ranking(ranked(("road",), images=1), 0.95, TITLES)
    assert "one image, so nothing can be told apart" in [text.get_text() for text in fig.legends[0].get_texts()]
    save(fig, tmp_path / "a.png", tmp_path / "a.pdf")
    assert "nothing can be ranked" in ranking(ranked(undefined=METHODS), 0.95, TITLES).texts[0].get_text()
    assert "nothing can be ranked" in ranking(ranked(images=0), 0.95, TITLES).texts[0].get_text()


def test_lines_are_the_means():
    table = points()
    fig = curves(table, FLOORS[:0], METHODS, TITLES, BANDS)
    assert len(fig.axes) == 4
    for ax, curve in zip(fig.axes[:2], ("deletion", "insertion"), strict=True):
        for line, method in zip(ax.lines, METHODS, strict=True):
            own = table[(table["curve"] == curve) & (table["method"] == method)]
            np.testing.assert_allclose(line.get_ydata(), own.groupby("share")["value"].mean())
            assert line.get_xdata().tolist() == [0, 0.5, 1]
    road, randomisation = fig.axes[2:]
    assert [line.get_linestyle() for line in road.lines] == ["-"] * 4 + ["--"] * 4
    (line,) = randomisation.lines  # the signs do not cancel, an undefined value does not count
    np.testing.assert_allclose(line.get_ydata(), [0.4, 0.4])
    assert [text.get_text() for text in fig.legends[0].get_texts()] == NAMES


def test_only_curves_that_are_there():
    assert len(curves(points(names=("deletion",)), FLOORS, METHODS, TITLES, BANDS).axes) == 2
    assert "No explanation has a curve" in curves(points()[:0], FLOORS, METHODS, TITLES, BANDS).texts[0].get_text()


def test_the_floors_stand_right_of_the_curves():
    ax = curves(points(), FLOORS, METHODS, TITLES, BANDS).axes[-1]
    untrained, others = ax.containers  # what is undefined and the controls have none
    for bar, mean, ends in ((untrained, 0.25, [0.1, 0.5]), (others, 0.5, None)):
        point, _, intervals = bar.lines
        assert point.get_ydata()[0] == mean
        assert point.get_xdata()[0] > 1
        assert (intervals[0].get_segments()[0][:, 1].tolist() if intervals else None) == (ends and pytest.approx(ends))


def test_bands_are_the_intervals_or_a_reason():
    draw = np.random.default_rng(0)
    near = points(names=("deletion",)).assign(value=lambda table: draw.normal(0.5, 0.0001, len(table)))
    bands, _ = curves(near, FLOORS, METHODS, TITLES, BANDS).axes[0].collections
    own = near[(near["curve"] == "deletion") & (near["method"] == "gradcam")].groupby("share")["value"]
    wanted = [estimate(values, 0.95, 100, 0, (0, 1)) for _, values in own]
    path = bands.get_paths()[0].vertices
    for share, each in zip((0, 0.5, 1), wanted, strict=True):
        np.testing.assert_allclose(sorted({*path[path[:, 0] == share, 1]}), [each.low, each.high])
    for table, bands, words in (
        (points(names=("deletion",)), BANDS, "(no bands: they would be 1.00 wide)"),
        (near, Bands(0.95, 100, 0, hand_picked=True), "(no bands: hand-picked)"),
        (near[near["image"] == "p0"], BANDS, "(no bands: 1 value is too few for an interval)"),
    ):
        ax = curves(table, FLOORS, METHODS, TITLES, bands).axes[0]
        assert not ax.collections
        assert ax.get_title(loc="left").endswith(words)


@pytest.mark.long
def test_same_bytes(tmp_path):
    for name in "ab":
        save(ranking(ranked(), 0.95, TITLES), tmp_path / f"r{name}.png", tmp_path / f"r{name}.pdf")
        save(curves(points(), FLOORS, METHODS, TITLES, BANDS), tmp_path / f"c{name}.png", tmp_path / f"c{name}.pdf")
    for kind in "rc":
        for suffix in ("png", "pdf"):
            assert (tmp_path / f"{kind}a.{suffix}").read_bytes() == (tmp_path / f"{kind}b.{suffix}").read_bytes()
