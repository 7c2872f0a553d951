"""What a configuration file may say about retrieval of function, and about its share in generalisation."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from lucidag.ground.section import DRAWS, MOST, Level, Section, Seed, Unique

RankingMethod = Literal["l1", "l2", "variance", "contribution", "random", "reversed", "forward"]

# Most units and classes of forward selection: each of its steps looks at all units that are left, on all images.
FORWARD_UNITS, FORWARD_CLASSES = 512, 100
SWEPT = (
    *("ranking", "methods", "random_orders", "margin", "resamples", "order_resamples", "confidence"),
    *("class_columns", "seed"),
)


class Rof(Section):
    """Retrieval of function: all units of the penultimate layer off, then on again one by one."""

    jobs: ClassVar = {
        "rank": ("methods", "random_orders", "seed"),
        "sweep": SWEPT,
        "sweep_grid": (*SWEPT, "points"),
        "turning_points": ("ranking", "margin", "confidence", "role_metric", "points"),
        "rof_figures": ("ranking", "select_metric", "role_metric", "confidence"),
        "generalisation": ("ranking", "margin"),
        "generalisation_figures": ("role_metric",),
        "dissect_roles": ("role_metric",),
        "unit_dossier": ("role_metric",),
    }

    models: list[str] | None = Field(default=None, description="Models to examine; default: every model.")
    ranking: Literal["l1", "l2", "variance", "contribution"] = Field(
        default="l1", description="The order behind turning points, roles, bands and the choice of k."
    )
    methods: Unique[RankingMethod] = Field(
        default=["l1", "l2", "variance", "contribution", "random", "reversed"],
        description="The orders that are swept; `forward`, which always adds the unit that lowers the loss most, takes "
        "at most 512 units and 100 classes.",
    )
    random_orders: Annotated[int, Field(ge=1, le=1000)] = Field(default=5, description="Random orders, as a control.")
    role_metric: Literal["loss", "accuracy"] = Field(
        default="loss", description="Whose turning points decide the `role` column; both are kept."
    )
    select_metric: Literal["accuracy", "loss", "worst_accuracy"] = Field(
        default="worst_accuracy", description="Which curve of the validation split chooses k."
    )
    points: list[Annotated[int, Field(ge=0, le=MOST)]] = Field(
        default=[],
        description="Values of k that `points.csv` lists; none of them may exceed the number of units.",
    )
    margin: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.01,
        description="How much worse than all units the first n0 units may be: share of images, or nats of loss.",
    )
    resamples: Annotated[int, Field(ge=0, le=DRAWS)] = Field(default=200, description="Bootstrap draws over images.")
    order_resamples: Annotated[int, Field(ge=0, le=DRAWS)] = Field(
        default=20,
        description="How many of them order the units anew too, for the intervals of n0; each costs a sweep a split.",
    )
    confidence: Level = Field(default=0.95, description="Level of all intervals.")
    class_columns: Annotated[int, Field(ge=0, le=MOST)] = Field(
        default=100, description="Accuracy per class is tabled for every k up to this number of classes."
    )
    seed: Seed = Field(default=0, description="Seed of random orders and bootstrap.")

    @model_validator(mode="after")
    def _ranking_swept(self) -> "Rof":
        if self.ranking not in self.methods:
            raise ValueError(f"methods must contain the ranking '{self.ranking}'")
        return self

    @property
    def random_seeds(self) -> list[int]:
        """The seeds of the random orders."""
        return list(range(self.seed, self.seed + self.random_orders))


class Generalisation(Section):
    """Do the shares of the four roles go with the generalisation gap? One study over several models."""

    jobs: ClassVar = {
        "generalisation": ("confidence", "resamples", "seed"),
        "generalisation_figures": ("confidence",),
    }

    models: list[str] = Field(description="Models, or families of models that `seeds` makes, to compare.")
    confidence: Level = Field(default=0.95, description="Level of the intervals.")
    resamples: Annotated[int, Field(ge=1, le=DRAWS)] = Field(
        default=2000, description="Bootstrap draws and permutations."
    )
    seed: Seed = Field(default=0, description="Seed of both.")
