"""The audit of artefacts: what finders see, how right they are, and what goes with the class."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from lucidag.artefacts.examples import FOUND, Example
from lucidag.figures.style import BLUE, FULL_WIDTH, GREEN, GREY, ORANGE, PALE, figure, legend_below, note, paper

KINDS = {"metadata": (BLUE, "o"), "finder": (ORANGE, "s")}
MOST = 100.0  # odds ratios beyond it are drawn as arrows at the edge
OUTLINE = "#00E5FF"  # cyan, which neither skin nor lesion has


@paper()
def odds(associations: Sequence[Mapping[str, Any]], confidence: float = 0.95) -> Figure:
    """Draw the odds ratio of every two-valued column with the class as a forest plot.

    Parameters
    ----------
    associations
        See `lucidag.artefacts.association.associations`; columns of more values have no odds ratio and are named below.
    confidence
        Of the intervals, for their name.
    """
    drawn = [one for one in associations if one.get("odds_ratio") is not None]
    others = [one for one in associations if one.get("odds_ratio") is None]
    if not drawn:
        return note("No column has two values beside two classes, so there is no odds ratio to draw.")
    drawn = sorted(drawn, key=lambda one: (-float(one["odds_ratio"]), str(one["column"])))
    fig = figure(FULL_WIDTH, 1.1 + 0.21 * len(drawn) + 0.14 * bool(others))
    ax = fig.subplots()
    ends = [number for one in drawn for number in _numbers(one)]
    reach = float(min(max([4.0, *(max(end, 1 / end) for end in ends if 0 < end < np.inf)]) * 1.5, MOST))
    for y, one in enumerate(drawn):
        _ratio(ax, y, one, reach, confidence)
    ax.axvline(1, color=GREY, linewidth=0.8, zorder=1)
    ax.set_xscale("log")
    ax.set(xlim=(1 / reach, reach), ylim=(len(drawn) - 0.5, -0.5))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_yticks(range(len(drawn)), [_column(one) for one in drawn])
    ax.tick_params(axis="y", length=0)
    sure = f"filled: p < {1 - confidence:.2g}, Holm"
    ax.set_xlabel(f"odds ratio of class {drawn[0]['class']} ({confidence:.0%} interval, where there is one; {sure})")
    if others:
        told = ", ".join(f"{one['column']} (V {one['cramers_v']:.2f})" for one in others)
        ax.set_title(f"without odds ratio, having more than two values: {told}", fontsize=6, color=GREY)
    legend_below(fig, [ax])
    return fig


@paper()
def grades(finders: Mapping[str, Mapping[str, Any]], confidence: float = 0.95) -> Figure:
    """Draw precision, recall and F1 of each finder against a person's flags.

    Parameters
    ----------
    finders
        See `lucidag.artefacts.audit.audit`; those without flags are named only.
    confidence
        Of the intervals, for their name.
    """
    measured = {name: one for name, one in finders.items() if "used" in one}
    if not measured:
        return note("No finder has flags to be measured against: all are unvalidated.")
    fig = figure(FULL_WIDTH, 1.0 + 0.26 * len(measured))
    without = [name for name in finders if name not in measured]
    panels = fig.subplots(1, 3, sharey=True, sharex=True)
    for ax, key, title in zip(panels, ("precision", "recall", "f1"), ("precision", "recall", "F1"), strict=True):
        for y, one in enumerate(measured.values()):
            _share(ax, y, one[one["used"]][key], bool(one["weak"]), confidence)
            if key == "f1":
                ax.plot([one["always"]] * 2, [y - 0.3, y + 0.3], color=GREY, label="flagging every image")
        ax.set(title=title, xlim=(0, 1), ylim=(len(measured) - 0.5, -0.5))
        ax.set_xticks([0, 0.5, 1], ["0", ".5", "1"])
        ax.grid(axis="x", color=PALE, linewidth=0.4)
        ax.tick_params(axis="y", length=0)
    labels = [
        f"{name}\n(flag {one['column']}, {used['present']} of {used['images']})"
        for name, one in measured.items()
        for used in [one[one["used"]]]
    ]
    panels[0].set_yticks(range(len(measured)), labels)
    if without:
        fig.suptitle(f"unvalidated, having no flags: {', '.join(without)}", fontsize=6, color=GREY)
    legend_below(fig, list(panels))
    return fig


@paper()
def examples(shown: Mapping[str, Mapping[str, Sequence[Example]]]) -> Figure:
    """Draw images with what each finder saw outlined, a line for each finder.

    Parameters
    ----------
    shown
        By finder and kind (see `lucidag.artefacts.examples.choose`): the images. A finder without any is left out.
    """
    rows = {name: [(kind, one) for kind, many in kinds.items() for one in many] for name, kinds in shown.items()}
    rows = {name: many for name, many in rows.items() if many}
    if not rows:
        return note("No finder found anything, and there are no flags to miss.")
    columns = max(len(many) for many in rows.values())
    wide = min(FULL_WIDTH / columns, 1.2)
    tall = max(one.image.shape[0] / one.image.shape[1] for many in rows.values() for _, one in many)
    fig = figure(max(wide * columns, 2.0), len(rows) * (tall * wide + 0.22))
    grid = fig.subplots(len(rows), columns, squeeze=False)
    for line, (name, many) in zip(grid, rows.items(), strict=True):
        for ax in line[len(many) :]:
            ax.remove()
        for ax, (kind, one) in zip(line, many, strict=False):
            _image(ax, one)
            ax.set_title(f"{kind} {one.score:.3g}", fontsize=6, color=GREEN if kind in ("right", "found") else ORANGE)
        validated = FOUND not in {kind for kind, _ in many}
        line[0].set_ylabel(name if validated else f"{name}\n(unvalidated)", fontsize=7)
    return fig


def _numbers(one: Mapping[str, Any]) -> tuple[float, float, float]:
    """Return the odds ratio and the ends of its interval, NaN where there is none."""
    ratio, low, high = (one[key] for key in ("odds_ratio", "odds_ratio_low", "odds_ratio_high"))
    return float(ratio), float("nan" if low is None else low), float("nan" if high is None else high)


def _ratio(ax: Axes, y: int, one: Mapping[str, Any], reach: float, confidence: float) -> None:
    colour, marker = KINDS[one["kind"]]
    ratio, low, high = _numbers(one)
    ends = np.clip([low, high], 1 / reach, reach)
    ax.plot(ends, [y, y], color=colour, linewidth=1.2, zorder=2)
    for end, place, arrow in ((low, 1 / reach, "<"), (high, reach, ">")):
        if end < 1 / reach or end > reach:
            ax.plot([place], [y], arrow, color=colour, clip_on=False, zorder=3)
    sure = one["p_holm"] < 1 - confidence
    fill = colour if sure else "white"
    place = float(np.clip(ratio, 1 / reach, reach))
    label = "metadata column" if one["kind"] == "metadata" else "found by lucidag"
    ax.plot(
        [place], [y], marker, color=colour, markerfacecolor=fill, markersize=4.5, label=label, clip_on=False, zorder=4
    )


def _column(one: Mapping[str, Any]) -> str:
    counts = one["counts"][one["value"]]
    name = str(one["column"]).replace("_found", ", found") if one["kind"] == "finder" else str(one["column"])
    value = "" if one["value"] == "1" else f" = {one['value']}"
    return f"{name}{value} ({counts[one['class']]} of {sum(counts.values())})"


def _share(ax: Axes, y: int, found: Mapping[str, Any], weak: bool, confidence: float) -> None:
    if found["value"] is None:
        ax.text(0.02, y, "nothing found", va="center", fontsize=6, color=GREY)
        return
    colour = ORANGE if weak else BLUE
    ax.plot([found["low"], found["high"]], [y, y], color=colour, linewidth=1.2, zorder=2)
    label = f"{'weak' if weak else 'usable'} ({confidence:.0%} interval)"
    ax.plot([found["value"]], [y], "s" if weak else "o", color=colour, label=label, zorder=3, clip_on=False)


def _image(ax: Axes, one: Example) -> None:
    ax.imshow(one.image, interpolation="nearest" if one.image.shape[0] < 100 else "antialiased")
    if one.mask.any() and not one.mask.all():
        ax.contour(one.mask.astype(float), levels=[0.5], colors=[OUTLINE], linewidths=0.7)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
