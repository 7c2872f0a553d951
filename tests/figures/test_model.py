import numpy as np
import pandas as pd
import pytest

from lucidag.figures.confusion import confusion, row_shares
from lucidag.figures.history import history
from lucidag.figures.style import save


def history_of(epochs, val=True):
    rng = np.random.default_rng(epochs)
    columns = ("lr", "train_loss", "train_accuracy", "val_loss", "val_accuracy")
    table = pd.DataFrame({"epoch": np.arange(1, epochs + 1), **{c: rng.uniform(size=epochs) for c in columns}})
    if not val:
        table[["val_loss", "val_accuracy"]] = np.nan
    return table.assign(kept=table["epoch"] == (epochs + 1) // 2)


@pytest.mark.parametrize("epochs", [1, 3, 200])
@pytest.mark.parametrize("val", [True, False])
def test_history_is_the_table(epochs, val, tmp_path):
    table = history_of(epochs, val)
    fig = history(table)
    loss, accuracy, rate = fig.axes
    for ax, metric in ((loss, "loss"), (accuracy, "accuracy")):
        assert len(ax.lines) == 2 + val
        np.testing.assert_array_equal(ax.lines[-1].get_xdata(), [(epochs + 1) // 2] * 2)  # the kept epoch
        for drawn, split in zip(ax.lines, ("train", "val")[: 1 + val], strict=False):
            np.testing.assert_array_equal(drawn.get_xdata(), table["epoch"])
            np.testing.assert_array_equal(drawn.get_ydata(), table[f"{split}_{metric}"])
        assert ax.get_ylabel()
    np.testing.assert_array_equal(rate.lines[0].get_ydata(), table["lr"])
    save(fig, tmp_path / "a.png", tmp_path / "a.pdf")
    assert (tmp_path / "a.pdf").stat().st_size > 1000


def test_history_reads_the_empty_cells_of_a_file(tmp_path):
    history_of(4, val=False).to_csv(tmp_path / "history.csv", index=False)
    fig = history(pd.read_csv(tmp_path / "history.csv"))
    assert [len(ax.lines) for ax in fig.axes] == [2, 2, 2]


def test_row_shares():
    shares = row_shares(np.array([[3, 1], [0, 0]]))
    np.testing.assert_array_equal(shares, [[0.75, 0.25], [np.nan, np.nan]])


@pytest.mark.parametrize(("number", "written", "named"), [(2, True, True), (12, True, True), (13, False, True)])
def test_confusion_says_what_fits(number, written, named):
    rng = np.random.default_rng(number)
    counts = rng.integers(1, 9, (number, number))
    fig = confusion(counts, [f"c{i}" for i in range(number)])
    ax = fig.axes[0]
    np.testing.assert_allclose(ax.images[0].get_array(), row_shares(counts))
    texts = {text.get_position(): text.get_text() for text in ax.texts}
    assert bool(texts) == written
    if written:
        assert texts[1, 0] == f"{counts[0, 1]}\n{counts[0, 1] / counts[0].sum():.1%}"
    assert [label.get_text() for label in ax.get_yticklabels()] == [f"c{i}" for i in range(number)] * named
    assert f"{np.trace(counts):,} of {counts.sum():,}" in ax.get_title(loc="left")


def test_confusion_of_many_classes_is_a_heat_map(tmp_path):
    fig = confusion(np.eye(31, dtype=int) * 3, [f"c{i}" for i in range(31)])
    ax = fig.axes[0]
    assert not ax.texts
    assert not ax.get_xticklabels()
    assert "31 classes" in ax.get_xlabel()
    save(fig, tmp_path / "a.png", tmp_path / "a.pdf")
    assert (tmp_path / "a.png").stat().st_size < 300_000


def test_a_class_without_images_that_some_are_taken_for():
    fig = confusion(np.array([[2, 1], [0, 0]]), ["a", "b"])
    assert {text.get_text() for text in fig.axes[0].texts} == {"2\n66.7%", "1\n33.3%", "none"}
    assert fig.axes[0].get_xlabel() == "predicted class"


def share_of(a, b, true, predicted):
    """Count which share of the images of class `a` is taken for `b`."""
    taken = [guess for own, guess in zip(true, predicted, strict=True) if own == a]
    return taken.count(b) / len(taken) if taken else np.nan


@pytest.mark.parametrize(
    ("number", "true", "predicted", "occur", "named"),
    [
        (3, [0, 0, 2], [0, 2, 2], [0, 2], True),
        (1000, [203, 137, 751, 23], [203, 137, 817, 858], [23, 137, 203, 751, 817, 858], True),
        (40, range(39), range(39), range(39), False),
    ],
)
def test_only_classes_that_occur_are_drawn(number, true, predicted, occur, named):
    counts = np.zeros((number, number), dtype=int)
    np.add.at(counts, (list(true), list(predicted)), 1)
    fig = confusion(counts, [f"c{i}" for i in range(number)])
    ax = fig.axes[0]
    drawn = [[share_of(a, b, true, predicted) for b in occur] for a in occur]
    np.testing.assert_allclose(np.ma.filled(ax.images[0].get_array(), np.nan), drawn)
    assert [label.get_text() for label in ax.get_xticklabels()] == [f"c{i}" for i in occur] * named
    assert ax.get_xlabel() == f"predicted class ({len(occur)} of {number:,} classes occur)"
    grey = "; grey: no image" if set(occur) - set(true) else ""
    assert ax.get_ylabel() == f"true class ({len(occur)} of {number:,} classes occur{grey})"
    right = sum(a == b for a, b in zip(true, predicted, strict=True))
    assert ax.get_title(loc="left") == f"test: {right} of {len(true)} images right"


def test_without_images_every_class_is_drawn():
    ax = confusion(np.zeros((2, 2), dtype=int), ["a", "b"]).axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
