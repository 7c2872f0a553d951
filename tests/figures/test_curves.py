import numpy as np
import pytest

from lucidag.figures.curves import as_good_in_words, curves, random_range, rankings, scale_y
from lucidag.figures.style import figure, save
from lucidag.rof.plateau import retrieved
from lucidag.rof.turning import turning_point

LABELS = {
    "l1": "mean |activation|",
    "variance": "variance of activation",
    "reversed": "mean |activation|, reversed",
    "logit_bias": "logit-bias control",
}


@pytest.mark.parametrize("metric", ["accuracy", "loss"])
@pytest.mark.parametrize("units", [1, 2, 16])
def test_lines_are_the_table(make_tables, line, metric, units):
    tables = make_tables(units=units, seed=units)
    fig = curves(tables.sweep, tables.bands, tables.points, "l1", metric, 0.95)
    assert len(fig.axes) == 2
    for ax, split in zip(fig.axes, ("train", "test"), strict=True):
        for method in ("l1", "logit_bias"):
            values = getattr(tables.results[split, method, None], metric)
            np.testing.assert_array_equal(line(ax, LABELS[method]), values)
        assert not {LABELS["variance"], LABELS["reversed"]} & {each.get_label() for each in ax.lines}
        drawn = [getattr(tables.results[split, "random", seed], metric) for seed in (3, 8)]
        np.testing.assert_allclose(line(ax, "random orders, mean"), np.mean(drawn, axis=0))
        own = getattr(tables.results[split, "l1", None], metric)
        np.testing.assert_array_equal(line(ax, "all units on"), own[-1])
        n0 = retrieved(own[None], metric, 0.01)[0]
        assert line(ax, "first best k (no interval)")[0] in (0, 1)
        (best,) = [each for each in ax.lines if each.get_label().startswith("first best")]
        assert list(best.get_xdata()) == [turning_point(own, metric)] * 2
        (mark,) = [each for each in ax.lines if each.get_label().startswith("turning point")]
        assert list(mark.get_xdata()) == [n0, n0]
        assert f"{split}: {n0} of {units} units within" in ax.get_title(loc="left")
        assert "units" in ax.get_xlabel()


def test_other_orders_have_a_figure_of_their_own(make_tables, line):
    tables = make_tables()
    fig = rankings(tables.sweep, tables.bands, "l1", 0.95)
    panels = [(split, metric) for metric in ("accuracy", "loss") for split in ("train", "test")]
    for ax, (split, metric) in zip(fig.axes, panels, strict=True):
        for method in ("l1", "variance", "reversed"):
            values = getattr(tables.results[split, method, None], metric)
            np.testing.assert_array_equal(line(ax, LABELS[method]), values)
        assert LABELS["logit_bias"] not in {each.get_label() for each in ax.lines}
    alone = tables.sweep[tables.sweep["method"].isin(["l1", "random", "logit_bias"])]
    assert "one order alone" in rankings(alone, tables.bands, "l1", 0.95).texts[0].get_text()


@pytest.mark.parametrize("metric", ["accuracy", "loss"])
def test_bands_are_the_table(make_tables, metric):
    tables = make_tables()
    fig = curves(tables.sweep, tables.bands, tables.points, "l1", metric, 0.9)
    chosen = tables.bands.query("split == 'test' and method == 'l1' and metric == @metric").sort_values("k")
    (band,) = [each for each in fig.axes[1].collections if each.get_label() == "its 90% bootstrap band over images"]
    corners = band.get_paths()[0].vertices
    for k, low, high in zip(chosen["k"], chosen["low"], chosen["high"], strict=True):
        heights = corners[corners[:, 0] == k, 1]
        assert heights.min() == pytest.approx(low)
        assert heights.max() == pytest.approx(high)


def test_range_of_random_orders(make_tables):
    tables = make_tables()
    drawn = np.stack([tables.results["test", "random", seed].accuracy for seed in (3, 8)])
    mean, low, high = random_range(tables.sweep, "test", "accuracy")
    np.testing.assert_allclose(mean, drawn.mean(axis=0))
    np.testing.assert_array_equal(low, drawn.min(axis=0))
    np.testing.assert_array_equal(high, drawn.max(axis=0))
    assert random_range(tables.sweep[tables.sweep["method"] != "random"], "test", "accuracy") is None


def test_without_bootstrap_random_orders_and_test_split(make_tables, tmp_path):
    tables = make_tables(constant=True, splits=("train",))
    sweep = tables.sweep[tables.sweep["method"] != "random"]
    fig = curves(sweep, tables.bands, tables.points, "l1", "accuracy", 0.95)
    assert len(fig.axes) == 1
    assert "0 of 16 units within 1 points of all\nno interval" in fig.axes[0].get_title(loc="left")
    save(fig, tmp_path / "a.png", tmp_path / "a.pdf")
    assert (tmp_path / "a.png").stat().st_size > 1000
    assert (tmp_path / "a.pdf").stat().st_size > 1000


def test_same_tables_give_the_same_bytes(make_tables, tmp_path):
    for name in "ab":
        tables = make_tables()
        fig = curves(tables.sweep, tables.bands, tables.points, "l1", "loss", 0.95)
        save(fig, tmp_path / f"{name}.png", tmp_path / f"{name}.pdf")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


@pytest.mark.parametrize(
    ("values", "metric", "scale"),
    [
        ([0.01, 1.0], "loss", "log"),
        ([0.1, 1.0], "loss", "linear"),
        ([0.0, 1.0], "loss", "linear"),
        ([0.7, 0.7], "loss", "linear"),
        ([0.001, 1.0], "accuracy", "linear"),
        ([np.nan, 1.0], "loss", "linear"),
    ],
)
def test_loss_axis(values, metric, scale):
    ax = figure(2, 2).subplots()
    scale_y(ax, np.array(values), metric)
    assert ax.get_yscale() == scale


def test_words_of_a_turning_point():
    point = {"n0": 438, "units": 512, "low": 402, "high": 455, "degenerate": False, "margin": 0.01}
    accuracy = as_good_in_words(point, "accuracy", 0.95)
    assert accuracy == "438 of 512 units within 1 points of all\n95% interval 402 to 455"
    loss = as_good_in_words(point | {"degenerate": True, "margin": 0.025}, "loss", 0.95)
    assert loss.startswith("438 of 512 units within 0.025 nats of all")
    assert loss.endswith(" to 455; degenerate")


def test_another_ranking_has_its_own_turning_point(make_tables):
    tables = make_tables()
    fig = curves(tables.sweep, tables.bands, tables.points, "variance", "accuracy", 0.95)
    wanted = {"split": "test", "method": "variance", "metric": "accuracy"}
    (point,) = [each for each in tables.points if wanted.items() <= each.items()]
    assert f"{point['n0']} of {point['units']} units within" in fig.axes[1].get_title(loc="left")
    (line,) = [each for each in fig.axes[1].lines if each.get_label() == "variance of activation"]
    np.testing.assert_array_equal(line.get_ydata(), tables.results["test", "variance", None].accuracy)
    assert point["first_best"] == 1 + tables.results["test", "variance", None].accuracy[1:].argmax()
