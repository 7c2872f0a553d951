"""The layers of a network as one forward pass shows them, which each stage chooses from; nothing here runs a network.

`lucidag.models.describe` makes the description from a pass. It is plain data, so that a job and the check before all
jobs ask it by the same functions and say the same sentences.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

from lucidag.ground.errors import InputError
from lucidag.ground.spelling import nearest
from lucidag.models.grids import TokenGrid

if TYPE_CHECKING:
    import torch

IMAGE = -1  # the place of the image, which no step gives
SHOWN = 8
POOLS = ("pool1d", "pool2d", "pool3d", "interpolate", "upsample", "pixel_shuffle", "grid_sample")
NO_GRID = (
    "where its tokens lie on the image cannot be told: name their rows and columns, as in "
    "`models.NAME.token_grid: [14, 14]`, and `class_tokens`, how many stand in front of these"
)

Kind = Literal["maps", "channels last", "points", "vectors", "tokens"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SHAPES: Mapping[Kind, str] = {
    "maps": "N x K x H x W",
    "channels last": "N x H x W x K",
    "points": "N x K x 1 x 1",
    "vectors": "N x K",
    "tokens": "N x T x D",
}


@dataclass(frozen=True)
class Layer:
    """What one step of a network gives.

    Attributes
    ----------
    name
        Of several modules that give this very tensor and run once, the outermost (``layer4`` of a ResNet); of none,
        that of the step (``relu_1``).
    step
        The name of the step, see `lucidag.models.steps.Step`.
    place
        Of the step.
    function
        What the step computes, such as ``conv2d``.
    sources
        The places of the steps whose outputs it takes; `IMAGE` is the image.
    shape
        Of its output, for one image.
    axis
        Which axis of that holds the units; None where nothing tells.
    trunk
        Whether every path from the image to the logits goes through it.
    leads
        Whether a path leads from it to the logits.
    grid
        Of N x T x D or T x N x D, how the tokens lie on the image; None where that cannot be told.
    read
        Of such tokens, whether those of the image lead to the logits, and not only those beside them (of the class).
    cut
        Whether it gives N x A x B x K with the places of the image in another order, as within windows.
    """

    name: str
    step: str
    place: int
    function: str
    sources: tuple[int, ...]
    shape: tuple[int, ...]
    axis: int | None
    trunk: bool
    leads: bool
    grid: TokenGrid | None = None
    read: bool = True
    cut: bool = False

    @property
    def pooling(self) -> bool:
        """Whether it only makes maps smaller or larger."""
        return self.function.endswith(POOLS)

    @property
    def kind(self) -> Kind | None:
        """Which of `KINDS` it gives; None: something else, or nothing tells which axis holds the units."""
        if self.grid is not None:
            return "tokens"
        if self.shape[:1] != (1,) or 0 in self.shape or self.cut:
            return None
        if len(self.shape) == 2:
            return "vectors"
        if len(self.shape) == 3:
            return "tokens" if self.axis == 2 else None
        if len(self.shape) != 4 or self.axis not in (1, 3):
            return None
        height, width = self.extent
        if self.axis == 3:
            return "channels last" if height * width > 1 else None
        return "maps" if height * width > 1 else "points"

    @property
    def images(self) -> int:
        """Which axis of its output holds the images: 1 of T x N x D."""
        return 0 if self.grid is None else 1 - self.grid.axis

    @property
    def extent(self) -> tuple[int, int]:
        """The height and the width of its maps, those of tokens among them."""
        if self.grid is not None:
            return self.grid.rows, self.grid.columns
        height, width = self.shape[2:] if self.axis == 1 else self.shape[1:3]
        return height, width

    @property
    def units(self) -> int:
        """How many units it has."""
        return self.shape[1 if self.axis is None else self.axis]

    def gives_maps(self) -> bool:
        """Tell whether it says where: its units have maps of more than one pixel."""
        return self.kind in ("maps", "channels last") or self.grid is not None

    def gives_tokens(self) -> bool:
        """Tell whether it gives N x T x D, or T x N x D if that is known for tokens."""
        return self.kind == "tokens"

    def units_first(self, output: "torch.Tensor") -> "torch.Tensor":
        """Give its output with the units in axis 1, as all stages have them: a view.

        N x H x W x K and tokens become N x K x H x W; tokens that stand for no place are left out.
        """
        if self.grid is not None:
            return self.grid.maps(output)
        return output.movedim(3, 1) if self.kind == "channels last" else output

    def as_given(self, units_first: "torch.Tensor", given: "torch.Tensor | None" = None) -> "torch.Tensor":
        """Undo `units_first`; tokens that it left out are those of `given`, of one image or as many, or zero."""
        if self.grid is not None:
            return self.grid.in_place(units_first, given)
        return units_first.movedim(1, 3) if self.kind == "channels last" else units_first

    def described(self) -> str:
        """Say what it gives, for an error."""
        where = "which of its axes holds the units cannot be told from what takes it"
        if self.axis is not None and self.axis != 1:
            where = f"its units are in axis {self.axis}"
        if self.cut:
            where = "the places of the image in windows"
        return f"a tensor of shape {self.shape}" + (f" ({where})" if len(self.shape) > 2 and self.axis != 1 else "")


@dataclass(frozen=True)
class Takes:
    """What a stage takes for a layer.

    Attributes
    ----------
    kinds
        What the layer may give.
    functions
        Whether it may be a function that a module's code calls, such as ``relu_1``, and not only a module.
    leads
        Whether a path has to lead from it to the logits.
    """

    kinds: tuple[Kind, ...]
    functions: bool
    leads: bool

    def will_do(self, layer: Layer) -> bool:
        """Tell whether a layer will do, were it a module."""
        placed = layer.grid is not None or not layer.gives_tokens()
        return layer.kind in self.kinds and placed and ((layer.leads and layer.read) or not self.leads)

    @property
    def words(self) -> str:
        """What the layer must give."""
        *before, last = [SHAPES[kind] for kind in self.kinds if kind != "points"]
        shapes = " or ".join(filter(None, (", ".join(before), last)))
        return shapes if "points" in self.kinds else f"{shapes}, with H * W above 1"


@dataclass(frozen=True)
class Layers:
    """All layers of a network.

    Attributes
    ----------
    network
        The name of its class.
    steps
        What each step gives, in the order in which they run.
    modules
        By module, the place of the step that gave its output, for each of its calls; `IMAGE` where it gave the image,
        None where its output is no tensor or does not depend on the image.
    fault
        Why nothing is known of the steps; None: they are known.
    """

    network: str
    steps: tuple[Layer, ...]
    modules: Mapping[str, tuple[int | None, ...]]
    fault: str | None = None

    @cached_property
    def path(self) -> list[Layer]:
        """Those on a path from the image to the logits, in forward order."""
        return [layer for layer in self.steps if layer.leads]

    @cached_property
    def trunk(self) -> list[Layer]:
        """Those that every path from the image to the logits goes through and that are no pooling."""
        return [layer for layer in self.steps if layer.trunk and not layer.pooling]

    def of_module(self, name: str) -> Layer | None:
        """What a module gives that runs once; None: it does not, or nothing that a step made."""
        places = self.modules.get(name, ())
        place = places[0] if len(places) == 1 else None
        return None if place in (None, IMAGE) else self.steps[place]

    def to_json(self) -> dict[str, Any]:
        """Give plain values."""
        return asdict(self)

    @staticmethod
    def from_json(words: Mapping[str, Any]) -> "Layers":
        """Undo `to_json`."""
        return Layers(
            words["network"],
            tuple(map(_read, words["steps"])),
            {name: tuple(places) for name, places in words["modules"].items()},
            words["fault"],
        )


def _read(words: Mapping[str, Any]) -> Layer:
    grid = None if words["grid"] is None else TokenGrid(**words["grid"])
    return Layer(**{**words, "sources": tuple(words["sources"]), "shape": tuple(words["shape"]), "grid": grid})


def find_layer(layers: Layers, name: str, takes: Takes) -> Layer:
    """Find a layer of this name that a stage takes.

    Raises
    ------
    InputError
        If it does not exist, does not run exactly once in a forward pass, or gives something else than the stage
        takes. The sentence ends with layers that will do.
    """
    if layers.fault is not None:
        raise InputError(f"layer '{name}': {layers.fault}")
    choices = _choices(layers, takes)
    if name in layers.modules:
        found = _of_module(layers, name, choices)
    else:
        found = next((layer for layer in layers.steps if layer.step == name), None)
        if found is None:
            names = [*layers.modules, *(layer.step for layer in layers.steps)] if takes.functions else layers.modules
            raise InputError(f"layer '{name}' does not exist{nearest(name, names)}; {choices}")
        if not takes.functions:
            raise InputError(f"layer '{name}' is a function and no module; it must be a module; {choices}")
    if found is None or found.kind not in takes.kinds:
        what = "no tensor that depends on the image" if found is None else found.described()
        raise InputError(f"layer '{name}' gives {what}; it must give {takes.words}; {choices}")
    if found.gives_tokens() and found.grid is None:
        raise InputError(f"layer '{name}' gives {found.described()}, and {NO_GRID}; {choices}")
    if takes.leads and not found.leads:
        raise InputError(f"layer '{name}': no path leads from it to the logits; {choices}")
    if takes.leads and not found.read:
        raise InputError(
            f"layer '{name}': of its tokens only those beside the image's, such as the class token, lead to the "
            f"logits; {choices}"
        )
    return replace(found, name=name)


def _of_module(layers: Layers, name: str, choices: str) -> Layer | None:
    places = layers.modules[name]
    if len(places) != 1:
        times = f"called {len(places)} times" if places else "not called"
        raise InputError(f"layer '{name}' is {times} in a forward pass; it must be called once; {choices}")
    if places[0] == IMAGE:
        raise InputError(f"layer '{name}' gives the image as it is; {choices}")
    return layers.of_module(name)


def _choices(layers: Layers, takes: Takes) -> str:
    def names_in(listed: Iterable[Layer]) -> list[str]:
        found = [layer.name for layer in listed if takes.will_do(layer) and not layer.pooling]
        return [name for name in found if takes.functions or name in layers.modules]

    names = names_in(layers.trunk) or names_in(layers.path)
    if not names:
        return "no layer of this network will do"
    more = f" and {len(names) - SHOWN} before these" if len(names) > SHOWN else ""
    return f"layers that will do: {', '.join(names[-SHOWN:])}{more}"
