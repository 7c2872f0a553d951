"""The models of a family: outcomes by factor, a table for a paper, the courses of all trainings."""

import textwrap
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lucidag.experiments.columns import NATS, POINTS, column_of, title_of
from lucidag.experiments.factors import Factor, factors_of
from lucidag.experiments.sentences import amount
from lucidag.figures.page import Page
from lucidag.figures.style import CYCLE, FULL_WIDTH, GREY, figure, legend_below, note, paper

MOST = 5  # outcomes that are drawn
MOST_FACTORS = 4
MOST_LISTED = 14  # blocks in a legend
LINES = ("-", "--", ":", "-.")


@paper()
def by_factor(table: pd.DataFrame, changed: Sequence[Mapping[str, Any]], outcomes: Sequence[str]) -> Figure:
    """Draw each network as a dot, by the values of each factor; lines join those that are alike in all else.

    Parameters
    ----------
    table
        ``seed``, ``block`` and the outcomes, one row a network of the family.
    changed
        By network, the settings that differ, in words.
    outcomes
        The columns that are drawn, the first five of them.
    """
    shown, factors = list(outcomes)[:MOST], factors_of(changed)[:MOST_FACTORS]
    if not shown:
        return note("Nothing was measured of these networks.")
    factors = factors or [Factor("", ("all seeds",), (0,) * len(table))]
    fig = figure(FULL_WIDTH, 0.6 + 1.5 * len(shown))
    axes = fig.subplots(len(shown), len(factors), squeeze=False, sharex="col", sharey="row")
    for row, outcome in zip(axes, shown, strict=True):
        for ax, factor in zip(row, factors, strict=True):
            _dots(ax, table, changed, outcome, factor)
        row[0].set_ylabel("\n".join(textwrap.wrap(_axis(outcome), 20)))
    for ax, factor in zip(axes[-1], factors, strict=True):
        ax.set_xticks(range(len(factor.levels)), [_wrapped(level) for level in factor.levels])
        ax.set(xlim=(-0.4, len(factor.levels) - 0.6), xlabel="\n".join(textwrap.wrap(factor.name, 40)))
    return fig


def _dots(ax: Axes, table: pd.DataFrame, changed: Sequence[Mapping[str, Any]], outcome: str, factor: Factor) -> None:
    paths = set(factor.name.split(" + "))
    rest = [", ".join(f"{path}: {each[path]}" for path in sorted(each) if path not in paths) for each in changed]
    colours = dict(zip(dict.fromkeys(rest), cycle(CYCLE), strict=False))
    networks = pd.DataFrame({"x": factor.of, "y": table[outcome].to_numpy(dtype=np.float64), "rest": rest})
    networks["seed"] = table["seed"].fillna(0).to_numpy()
    scale = _scale(outcome)
    for (other, _), line in networks.dropna().groupby(["rest", "seed"], sort=False):
        line = line.sort_values("x")
        ax.plot(line["x"], line["y"] * scale, color=colours[str(other)], marker="o", linewidth=0.7, alpha=0.8)


@paper()
def paper_table(table: pd.DataFrame, changed: Sequence[Mapping[str, Any]], outcomes: Sequence[str]) -> Figure:
    """Draw a table: one row for the networks that differ in their seed alone, mean and standard deviation over these.

    Parameters
    ----------
    table, changed, outcomes
        See `by_factor`.
    """
    factors, shown = factors_of(changed), list(outcomes)[: MOST + 1]
    blocks = list(dict.fromkeys(table["block"]))
    first = {block: int(np.flatnonzero(table["block"] == block)[0]) for block in blocks}
    head = [*(_wrapped(factor.name, 22) for factor in factors), "networks", *(_wrapped(_axis(o), 14) for o in shown)]
    body = [
        [
            *(_wrapped(factor.levels[factor.of[first[block]]], 22) for factor in factors),
            *_block(table[table["block"] == block], shown),
        ]
        for block in blocks
    ]
    return _laid_out(head, body, len(factors))


def _block(rows: pd.DataFrame, outcomes: Sequence[str]) -> list[str]:
    cells = []
    for outcome in outcomes:
        values = rows[outcome].dropna().to_numpy(dtype=np.float64)
        if not len(values):
            cells.append("–")
            continue
        sd = float(values.std(ddof=1)) if len(values) > 1 else 0.0
        mean, spread = (amount(each, outcome, wide=sd or None).partition(" ")[0] for each in (values.mean(), sd))
        cells.append(mean if len(values) < 2 else f"{mean} ± {spread}")
    done = int((~rows["status"].isin(["diverged", "failed"])).sum())
    return [str(done) if done == len(rows) else f"{done} of {len(rows)}", *cells]


def _laid_out(head: Sequence[str], body: Sequence[Sequence[str]], names: int) -> Figure:
    widths = [max(len(line) for row in (head, *body) for line in row[place].split("\n")) for place in range(len(head))]
    scale = (FULL_WIDTH - 0.2) / (sum(widths) + 2 * len(widths))
    lefts = 0.1 + np.cumsum([0, *(scale * (width + 2) for width in widths)])
    size = min(8.0, scale / 0.0085)
    line = 0.019 * size  # of text of so many points
    heights = [0.12 + line * max(cell.count("\n") + 1 for cell in row) for row in (head, *body)]
    page = Page(FULL_WIDTH, sum(heights) + 0.35, fontsize=size)
    top = 0.1
    for number, (row, height) in enumerate(zip((head, *body), heights, strict=True)):
        for place, cell in enumerate(row):
            centre = place >= names
            left = float(lefts[place] + lefts[place + 1] - 2 * scale) / 2 if centre else float(lefts[place])
            weight = "bold" if number == 0 else "normal"
            page.text(left, top + 0.06, cell, ha="center" if centre else "left", weight=weight, linespacing=1.2)
        top += height
        if number in (0, len(body)):
            rule = page.panel(0.1, top, FULL_WIDTH - 0.2, 0.01)
            rule.axhline(0, color="black", linewidth=0.8)
    page.text(0.1, top + 0.05, "mean ± standard deviation over networks that differ in their seed", color=GREY)
    return page.fig


@paper()
def courses(histories: Mapping[str, pd.DataFrame], blocks: Mapping[str, str]) -> Figure:
    """Draw the trainings of a family, those that differ in their seed alone in one colour.

    Parameters
    ----------
    histories
        By model ``history.csv``.
    blocks
        By model what is the same for all its seeds.
    """
    if not histories:
        return note("None of these networks was trained here.")
    names = list(dict.fromkeys(blocks[model] for model in histories))
    looks = {name: (CYCLE[i % len(CYCLE)], LINES[i // len(CYCLE) % len(LINES)]) for i, name in enumerate(names)}
    validated = any(table["val_loss"].notna().any() for table in histories.values())
    split, said = ("val", "validation") if validated else ("train", "training")
    fig = figure(FULL_WIDTH, 3.2 + 0.12 * (min(len(names), MOST_LISTED) // 2))
    axes = list(fig.subplots(1, 2))
    for ax, metric, label in zip(axes, ("loss", "accuracy"), ("cross-entropy (nats)", "accuracy"), strict=True):
        for model, table in histories.items():
            colour, line = looks[blocks[model]]
            listed = blocks[model] if names.index(blocks[model]) < MOST_LISTED else None
            ax.plot(table["epoch"], pd.to_numeric(table[f"{split}_{metric}"]), line, color=colour, label=listed)
        ax.set(xlabel="epoch", ylabel=f"{said} {label}")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend_below(fig, axes, columns=2)
    return fig


def _axis(outcome: str) -> str:
    """Return what an axis says of an outcome, with its unit."""
    column = column_of(outcome)
    unit = {POINTS: " (%)", NATS: " (nats)"}.get(column.unit if column else "", "")
    return f"{title_of(outcome)}{unit}"


def _scale(outcome: str) -> float:
    column = column_of(outcome)
    return 100.0 if column is not None and column.unit == POINTS else 1.0


def _wrapped(words: str, width: int = 16) -> str:
    return "\n".join(textwrap.wrap(words, width)) or words
