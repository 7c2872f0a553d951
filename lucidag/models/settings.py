"""What a configuration file may say about a network: what it sees, how it is trained, where its weights come from."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from lucidag.ground.section import Count, Section, Seed, Shards, Unique

NETWORK = ("architecture", "options", "input", "head")  # what a network is built from


class Input(Section):
    """How an image becomes the network's input."""

    size: Count = Field(default=224, description="Width and height in pixels.")
    channels: Literal[1, 3] = Field(default=3, description="Grey images are repeated to 3, colour averaged to 1.")
    resize: Literal["stretch", "crop"] = Field(
        default="stretch",
        description="Stretch to the square, or resize the shorter side and cut out the centre.",
    )
    mean: list[float] = Field(
        default=[0.0], description="Subtracted from values in [0, 1]: one number, or one per channel."
    )
    std: list[Annotated[float, Field(gt=0)]] = Field(default=[1.0], description="Divided by: one, or one per channel.")

    @model_validator(mode="after")
    def _lengths(self) -> "Input":
        for key in ("mean", "std"):
            if len(getattr(self, key)) not in (1, self.channels):
                raise ValueError(f"{key} has {len(getattr(self, key))} numbers; it needs 1 or {self.channels}")
        return self


class Train(Section):
    """How a model is trained."""

    epochs: Count = Field(default=10, description="Passes over the training split.")
    batch_size: Count = Field(default=64, description="Images per step.")
    optimizer: Literal["adam", "adamw", "sgd"] = Field(default="adamw", description="Optimiser of torch.optim.")
    lr: Annotated[float, Field(gt=0)] = Field(default=1e-3, description="Learning rate at the start.")
    weight_decay: Annotated[float, Field(ge=0)] = Field(default=0.0, description="Weight decay.")
    momentum: Annotated[float, Field(ge=0, lt=1)] = Field(default=0.9, description="Momentum, for sgd.")
    schedule: Literal["constant", "cosine"] = Field(default="constant", description="Course of the learning rate.")
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


class Model(Section):
    """A network: trained here (with `train`) or imported (with `weights` alone)."""

    jobs: ClassVar = {
        "train": (*NETWORK, "weights", "fresh_head", "train"),
        "import": (*NETWORK, "weights", "fresh_head"),
        "features": (*NETWORK, "batch_size"),
        **dict.fromkeys(("explanations", "lime_tune", "dissect_passes", "dissect_units"), NETWORK),
        **dict.fromkeys(("relevance_references", "relevance_atlas"), NETWORK),
        **dict.fromkeys(("faithfulness", "faithfulness_shard"), NETWORK),
    }

    dataset: str = Field(description="Name of the data set that it is trained and examined on.")
    architecture: str = Field(description="A torchvision name such as `resnet18`, or `package.module:factory`.")
    options: dict[str, Any] = Field(default={}, description="Further arguments of the factory.")
    weights: str | None = Field(
        default=None, description="A torchvision weights name, a `.safetensors` or `.pth` file, or none."
    )
    new_head: bool | None = Field(
        default=None,
        description="Replace the last layer of `weights` by a fresh one; default: when the model is trained.",
    )
    head: str | None = Field(default=None, description="Name of the last linear layer; default: found by itself.")
    input: Input = Field(default=Input(), description="Size, colours and scale of what the network sees.")
    train: Train | None = Field(default=None, description="How it is trained; without it the weights are imported.")
    seeds: Unique[Seed] | None = Field(
        default=None,
        description="Train it once for each seed: `net` with seeds [0, 1] gives the models `net-s0` and `net-s1`.",
    )
    batch_size: Count = Field(default=64, description="Images per step outside training.")
    shards: Shards = Field(default=1, description="Jobs that compute its features; their bytes do not depend on it.")
    device: Literal["auto", "cpu"] = Field(
        default="auto",
        description="`auto`: its jobs ask for a GPU. `cpu`: they do not, so that several run side by side.",
    )

    @model_validator(mode="after")
    def _complete(self) -> "Model":
        if self.train is None and self.weights is None:
            raise ValueError("needs `train:` (to be trained) or `weights:` (to be imported), and has neither")
        if self.seeds is not None and self.train is None:
            raise ValueError("`seeds` repeats the training, but there is no `train:` section")
        return self

    @property
    def fresh_head(self) -> bool:
        """Whether the last layer of `weights` is replaced; default: when the model is trained."""
        return self.train is not None if self.new_head is None else self.new_head

    def factory_modules(self) -> list[str]:
        """Return the module that an architecture ``module:factory`` is imported from; none for torchvision's."""
        module, colon, _ = self.architecture.partition(":")
        return [module] if colon else []
