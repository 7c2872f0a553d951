"""Studies of shortcuts: means over networks and images, and differences of two arms."""

from collections.abc import Callable

from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.validity.case import COVERS, Case, covers
from lucidag.ground.statistics.crossed import crossed, crossed_difference

NETWORKS = 3
IMAGES = (10, 30)
# How far networks and images vary, in parts of what varies from cell to cell.
SPREADS = {
    "networks vary as images do": (1.0, 1.0),
    "networks hardly vary": (0.1, 1.0),
    "images hardly vary": (1.0, 0.1),
}
KINDS: dict[str, Callable[[Generator, tuple[int, int]], NDArray]] = {
    "normal": lambda rng, size: rng.normal(size=size),
    "exponential": lambda rng, size: rng.exponential(size=size) - 1,
}
SKEWED_GOAL = 0.90
SKEWED = "three networks of a skewed distribution do not show its tail"


def cases() -> list[Case]:
    """Give the mean of one arm, and the difference of two, for each spread and number of images."""
    found = []
    for images in IMAGES:
        for spread, sizes in SPREADS.items():
            for kind in KINDS:
                found += [_case(images, spread, sizes, kind, both) for both in (False, True)]
    return found


def _case(images: int, spread: str, sizes: tuple[float, float], kind: str, both: bool) -> Case:
    values = KINDS[kind]

    def arm(rng: Generator, shared: NDArray) -> NDArray:
        return shared + sizes[0] * values(rng, (NETWORKS, 1)) + values(rng, (NETWORKS, images))

    def draw(rng: Generator) -> bool | None:
        shared = sizes[1] * values(rng, (1, images))
        if not both:
            found = crossed(arm(rng, shared))
        else:
            first, second = (arm(rng, shared + 0.5 * sizes[1] * values(rng, (1, images))) for _ in range(2))
            found = crossed_difference(first, second)
        return covers(found.low, found.high, 0.0)

    skewed = kind != "normal" and not both
    columns = (
        "`difference_low`, `difference_high`" if both else "`share_low`, `share_high`, `change.low`, `change.high`"
    )
    return Case(
        f"{'difference of two arms' if both else 'mean of an arm'}, {images} images, {kind}, {spread}",
        "interval",
        f"{columns} of `shortcuts/{{study}}/summary.json`",
        f"{NETWORKS} networks an arm and {images} images, crossed; {kind} values of networks, images and cells",
        0.95,
        draw,
        SKEWED_GOAL if skewed else COVERS,
        SKEWED if skewed else "",
    )
