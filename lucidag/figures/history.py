"""The course of a training: loss, accuracy and learning rate against epochs."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lucidag.figures.style import BLACK, BLUE, FULL_WIDTH, GREY, VERMILION, figure, legend_below, paper


@paper()
def history(table: pd.DataFrame) -> Figure:
    """Draw the history of a training.

    Parameters
    ----------
    table
        One row an epoch: ``epoch``, ``lr``, ``train_loss``, ``train_accuracy``, ``val_loss`` and ``val_accuracy``,
        which are empty where there is no validation split, and ``kept``, True in the row of the epoch that is kept.
    """
    fig = figure(FULL_WIDTH, 2.5)
    loss, accuracy, rate = fig.subplots(1, 3)
    _course(loss, table, "loss")
    loss.set_ylabel("cross-entropy (nats)")
    _course(accuracy, table, "accuracy")
    accuracy.set_ylabel("accuracy (share of images)")
    rate.plot(table["epoch"], table["lr"], color=BLACK, marker="s", markevery=_every(table))
    rate.set_ylabel("learning rate")
    rate.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
    kept = table.loc[table["kept"].astype(str) == "True", "epoch"]
    for ax in (loss, accuracy, rate):
        for epoch in kept:
            ax.axvline(epoch, color=GREY, linestyle=":", zorder=0, label="epoch whose weights are kept")
        ax.set_xlabel("epoch")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend_below(fig, [loss, accuracy])
    return fig


def _course(ax: Axes, table: pd.DataFrame, metric: str) -> None:
    looks = {
        "train": (BLUE, "o", "training (mean over the epoch, while learning)"),
        "val": (VERMILION, "D", "validation"),
    }
    for split, (colour, marker, label) in looks.items():
        values = pd.to_numeric(table[f"{split}_{metric}"])
        if values.notna().any():
            ax.plot(table["epoch"], values, color=colour, marker=marker, markevery=_every(table), label=label)


def _every(table: pd.DataFrame) -> int:
    """Return how many epochs lie between two markers, so that a long training stays legible."""
    return max(1, len(table) // 25)
