"""What a configuration file may say about a network: what it sees, how it is trained, where its weights come from."""

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PrivateAttr, field_validator, model_validator

from lucidag.ground.files import is_file
from lucidag.ground.section import MOST, Count, Section, Seed, Shards, Side, Unique

NETWORK = ("architecture", "options", "input", "head")  # what a network is built from
LOOKED_INTO = (*NETWORK, "named_grid")  # and how its layers are read
RUN_OFTEN = (*LOOKED_INTO, "engine")  # and what runs it
Engine = Literal["torch", "openvino"]
NO_OPENVINO = "openvino is not installed; `pip install openvino` brings it, and `engine: torch` does without it"

WEIGHT_FILES = (".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".pkl", ".tar")


def is_weight_file(weights: str) -> bool:
    """Tell whether ``weights`` names a file, which may be missing, and not what a library publishes by this name."""
    return Path(weights).suffix.lower() in WEIGHT_FILES or os.sep in weights or is_file(weights)


def openvino_installed() -> bool:
    """Tell whether OpenVINO is installed, without importing it."""
    return find_spec("openvino") is not None


# Mean and standard deviation that networks are usually trained with, in the order of their channels.
NORMALISATIONS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "none": ((0.0,), (1.0,)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "clip": ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "symmetric": ((0.5,), (0.5,)),
    "bytes": ((0.0,), (1 / 255,)),
}


class Frame(Section):
    """How an image becomes the network's input, in numbers."""

    size: Side = Field(default=224, description="Width and height in pixels: frames are square.")
    channels: Literal[1, 3] = Field(default=3, description="Grey images are repeated to 3, colour averaged to 1.")
    resize: Literal["stretch", "crop"] = Field(
        default="stretch",
        description="Stretch to the square, or resize the shorter side and cut out the centre.",
    )
    mean: list[float] = Field(
        default=[0.0],
        description="Subtracted from values in [0, 1]: one number, or one per channel in the network's order.",
    )
    std: list[Annotated[float, Field(gt=0)]] = Field(default=[1.0], description="Divided by: one, or one per channel.")
    order: Literal["rgb", "bgr"] = Field(default="rgb", description="Order of the colours that the network takes.")
    shorter_side: Side | None = Field(
        default=None, description="Shorter side in pixels before `crop` cuts out the centre; default: size × 256 / 224."
    )
    interpolation: Literal["bilinear", "bicubic", "nearest"] = Field(default="bilinear", description="How to resize.")

    @field_validator("size", mode="before")
    @classmethod
    def _square(cls, value: object) -> object:
        if isinstance(value, list | tuple):
            raise ValueError(
                f"found {list(value)}: frames are square, so write one number; `resize` says whether images that are "
                "not square are stretched or cropped"
            )
        return value

    @model_validator(mode="after")
    def _fitting(self) -> "Frame":
        for key in ("mean", "std"):
            if len(getattr(self, key)) not in (1, self.channels):
                raise ValueError(f"{key} has {len(getattr(self, key))} numbers; it needs 1 or {self.channels}")
        if self.shorter_side is not None and self.shorter_side < self.size:
            raise ValueError(f"shorter_side is {self.shorter_side}; it cannot be below the size, {self.size}")
        if self.order == "bgr" and self.channels == 1:
            raise ValueError("order is 'bgr', and the network takes 1 channel")
        return self

    @property
    def scaled(self) -> int:
        """The shorter side in pixels before the centre is cut out."""
        return self.shorter_side or round(self.size * 256 / 224)


class Input(Frame):
    """How an image becomes the network's input."""

    normalise: Literal["none", "imagenet", "clip", "cifar10", "symmetric", "bytes"] | None = Field(
        default=None,
        description="Mean and std by name in place of numbers; `symmetric`: -1 to 1, `bytes`: 0 to 255. Default: those "
        "that published weights bring, else none.",
        exclude=True,  # a job sees numbers
    )

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, words: Any) -> Any:  # noqa: ANN401 (before the check it may be anything)
        name = words.get("normalise") if isinstance(words, dict) else None
        if not isinstance(name, str) or name not in NORMALISATIONS:
            return words
        named = dict(zip(("mean", "std"), map(list, NORMALISATIONS[name]), strict=True))
        if words.get("order") == "bgr":
            named = {key: values[::-1] for key, values in named.items()}
        for key, values in named.items():
            if key in words and words[key] != values:
                raise ValueError(f"normalise is '{name}', and {key} has numbers of its own: one of the two")
        return {**words, **named}

    def filled(self, published: Mapping[str, Any]) -> "Input":
        """Return these settings with what published weights bring where the configuration says nothing."""
        own = self.model_dump(mode="json", include=self.model_fields_set)
        brought = {key: value for key, value in published.items() if key not in own}
        for key in {"mean", "std"} & brought.keys():
            values = list(brought.pop(key))
            if own.get("channels", 3) == 3:
                brought[key] = values[::-1] if own.get("order") == "bgr" else values
        if "size" in own and "shorter_side" in brought:
            brought["shorter_side"] = round(own["size"] * brought["shorter_side"] / published["size"])
        return Input(**brought, **own)


class Train(Section):
    """How a model is trained."""

    epochs: Count = Field(default=10, description="Passes over the training split.")
    batch_size: Count = Field(default=64, description="Images per step.")
    optimizer: Literal["adam", "adamw", "sgd"] = Field(default="adamw", description="Optimiser of torch.optim.")
    lr: Annotated[float, Field(gt=0)] = Field(default=1e-3, description="Learning rate at the start.")
    weight_decay: Annotated[float, Field(ge=0)] = Field(default=0.0, description="Weight decay.")
    momentum: Annotated[float, Field(ge=0, lt=1)] = Field(default=0.9, description="Momentum, for sgd.")
    schedule: Literal["constant", "cosine", "step"] = Field(
        default="constant",
        description="Course of the learning rate; a cosine falls to 0, step by step of the training.",
    )
    warmup: Annotated[int, Field(ge=0, le=MOST)] = Field(
        default=0, description="Epochs at the start over which the learning rate rises to `lr`, with every step."
    )
    steps: Unique[Count] = Field(
        default=[],
        description="For the schedule `step`: epochs after which the learning rate is multiplied by `factor`.",
    )
    factor: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.1, description="For the schedule `step`: what the learning rate is multiplied by."
    )
    keep: Literal["last", "best"] = Field(
        default="last",
        description="Whose weights are kept: the last epoch's, or those of the best one on the validation split.",
    )
    best_by: Literal["loss", "accuracy"] = Field(
        default="loss",
        description="What makes an epoch the best one, on the validation split; of equal ones the first.",
    )
    patience: Count | None = Field(
        default=None,
        description="Training ends when so many epochs have passed since the best one; default: after all `epochs`.",
    )
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.0,
        description="Share of each label that is spread over all classes; losses are told without it.",
    )
    clip_gradients: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Greatest norm of all gradients together; longer ones are shortened to it."
    )
    balance: Literal["none", "group", "class"] = Field(
        default="none",
        description="Whether an epoch, of as many images as ever, shows each group of the data set (`groups`), or each "
        "class, equally often.",
    )
    class_weights: Literal["none", "balanced"] | list[Annotated[float, Field(gt=0)]] = Field(
        default="none",
        description="Weights of the classes in the loss; `balanced` is inverse to their number.",
    )
    augment: list[str | dict[str, dict[str, Any]]] = Field(
        default=[],
        description="Transforms of torchvision.transforms.v2, by name or as {name: {argument: value}}.",
    )
    trainable: Literal["all", "head"] | list[str] = Field(
        default="all",
        description="Parameters that learn: all, the last layer, or those of the modules named.",
    )
    batchnorm: Literal["train", "frozen"] = Field(
        default="train",
        description="Whether batch normalisation learns and counts, or stays in evaluation mode.",
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto", description="bfloat16 is mixed precision; auto takes it on a GPU only."
    )
    seed: Seed = Field(default=0, description="Seed of initial weights, order and augmentation.")
    threads: Count = Field(
        default=2,
        description="Threads of the arithmetic. The bytes depend on it, so it is no matter of the machine.",
    )

    @model_validator(mode="after")
    def _fits(self) -> "Train":
        if self.schedule == "step" and not self.steps:
            raise ValueError("`schedule` is step, which needs `steps:`, the epochs after which the learning rate falls")
        if self.schedule != "step":
            for key in ("steps", "factor"):
                if key in self.model_fields_set and getattr(self, key) != type(self).model_fields[key].default:
                    raise ValueError(f"`{key}` is for the schedule step, and `schedule` is {self.schedule}")
        if self.warmup >= self.epochs and self.warmup:
            raise ValueError(f"`warmup` takes {self.warmup} epochs, and there are {self.epochs} in all")
        for step in self.steps:
            if step >= self.epochs:
                raise ValueError(f"`steps` has {step}, after which no epoch of {self.epochs} is left")
            if step < self.warmup:
                raise ValueError(f"`steps` has {step}, which lies within the {self.warmup} epochs of `warmup`")
        if self.balance != "none" and self.class_weights == "balanced":
            raise ValueError(f"`balance` is {self.balance} and `class_weights` is balanced: one of the two")
        return self


class Model(Section):
    """A network: trained here (with `train`) or imported (with `weights` alone)."""

    jobs: ClassVar = {
        "train": (*NETWORK, "weights", "weights_part", "fresh_head", "train"),
        "import": (*NETWORK, "weights", "weights_part", "fresh_head"),
        "features": (*NETWORK, "batch_size"),
        **dict.fromkeys(("check_import", "sweep_grid"), (*NETWORK, "batch_size")),
        "repair_model": NETWORK,
        "discover": LOOKED_INTO,
        **dict.fromkeys(("explanations", "lime_tune", "explanation_checks"), RUN_OFTEN),
        **dict.fromkeys(("faithfulness", "faithfulness_shard"), RUN_OFTEN),
        **dict.fromkeys(("dissect_passes", "dissect_units", "unit_regions", "unit_effects_inner"), LOOKED_INTO),
        **dict.fromkeys(("relevance_references", "relevance_atlas", "planted_truth"), LOOKED_INTO),
    }

    dataset: str = Field(description="Name of the data set that it is trained and examined on.")
    architecture: str = Field(description="A torchvision name such as `resnet18`, or `package.module:factory`.")
    options: dict[str, Any] = Field(default={}, description="Further arguments of the factory.")
    weights: str | None = Field(
        default=None, description="A torchvision weights name, a file as your training wrote it, or none."
    )
    weights_part: str | None = Field(
        default=None, description="What the names of the network's tensors begin with, where a file holds several."
    )
    new_head: bool | None = Field(
        default=None,
        description="Replace the last layer of `weights` by a fresh one; default: when the model is trained.",
    )
    head: str | None = Field(default=None, description="Name of the last layer; default: found by itself.")
    token_grid: tuple[Count, Count] | None = Field(
        default=None,
        description="Rows and columns of a transformer's tokens on the image; default: found by itself.",
    )
    class_tokens: Annotated[int, Field(ge=0, le=MOST)] = Field(
        default=0, description="Tokens in front of those of `token_grid` that stand for no place: class, registers."
    )
    input: Input = Field(default=Input(), description="Size, colours and scale of what the network sees.")
    train: Train | None = Field(default=None, description="How it is trained; without it the weights are imported.")
    seeds: Unique[Seed] | None = Field(
        default=None,
        description="Train it once for each seed: `net` with seeds [0, 1] gives the models `net-s0` and `net-s1`.",
        min_length=1,
    )
    grid: dict[str, Any] | None = Field(
        default=None,
        description="Key paths with lists of values, such as `train.lr: [.01, .001]`: one model for each combination. "
        "Of `zip:`, lists of one length run together, and `name:` says what the places are called; `exclude:` lists "
        "combinations to be left out; `seed` is that of the training.",
        exclude=True,
    )
    batch_size: Count = Field(default=64, description="Images per step outside training.")
    shards: Shards = Field(default=1, description="Jobs that compute its features; their bytes do not depend on it.")
    engine: Engine = Field(
        default="torch",
        description="What runs forward passes that need no gradients, of CAMs and LIME: `openvino` (`pip install "
        "openvino`) is faster on a processor; its first batch is held to torch's, which runs the network where both "
        "differ by more than 1e-4 or the engine does not take it.",
    )
    device: Literal["auto", "cpu"] = Field(
        default="auto",
        description="`auto`: its jobs ask for a GPU. `cpu`: they do not, so that several run side by side.",
    )

    # No words of a model's configuration: a look at the network tells the first two, the section `repair` the others.
    _on_a_grid: bool = PrivateAttr(default=False)
    _penultimate: str = PrivateAttr(default="penultimate")
    _repairs: str | None = PrivateAttr(default=None)
    _repaired_by: str | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _complete(self) -> "Model":
        if self.train is None and self.weights is None:
            raise ValueError("needs `train:` (to be trained) or `weights:` (to be imported), and has neither")
        if self.seeds is not None and self.train is None:
            raise ValueError("`seeds` repeats the training, but there is no `train:` section")
        if self.class_tokens and self.token_grid is None:
            raise ValueError("`class_tokens` stand in front of the tokens of `token_grid`, which is not named")
        if self.engine == "openvino" and not openvino_installed():
            raise ValueError(f"engine: {NO_OPENVINO}")
        return self

    @property
    def fresh_head(self) -> bool:
        """Whether the last layer of `weights` is replaced; default: when the model is trained."""
        return self.train is not None if self.new_head is None else self.new_head

    @property
    def named_grid(self) -> list[int] | None:
        """Rows and columns of its tokens, and how many stand in front of these; None: not named."""
        return None if self.token_grid is None else [*self.token_grid, self.class_tokens]

    @property
    def on_a_grid(self) -> bool:
        """Whether its logits are not linear in its penultimate units, so that these are switched on at a grid of k."""
        return self._on_a_grid

    @property
    def penultimate(self) -> str:
        """The layer whose output, averaged over places, are its penultimate units."""
        return self._penultimate

    def with_penultimate(self, layer: str) -> "Model":
        """Return these settings with the layer of the penultimate units."""
        found = self.model_copy()
        found._penultimate = layer
        return found

    @property
    def repairs(self) -> str | None:
        """The model that it is a repaired copy of; None: it is no copy."""
        return self._repairs

    @property
    def repaired_by(self) -> str | None:
        """The entry of `repair` that repairs it."""
        return self._repaired_by

    def repaired(self, original: str, by: str) -> "Model":
        """Return a repaired copy, whose weights are made of those of `original` by this entry of `repair`."""
        found = self.model_copy()
        found._repairs, found._repaired_by = original, by
        return found

    def looked_at(self, published: Mapping[str, Any], linear: bool) -> "Model":
        """Return these settings with what a look at the network tells: `input` of its weights, linear or not."""
        found = self.model_copy(update={"input": self.input.filled(published)})
        found._on_a_grid = not linear
        return found

    def factory_modules(self) -> list[str]:
        """Return the module that an architecture ``module:factory`` is imported from; none for torchvision's."""
        module, colon, _ = self.architecture.partition(":")
        return [module] if colon else []
