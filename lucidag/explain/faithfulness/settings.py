"""How explanations are measured."""

import json
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from lucidag.ground.section import DRAWS, Count, Level, Section, Seed, Shards, Unique

Metric = Literal["sensitivity_max", "infidelity", "deletion", "insertion", "road", "randomisation"]
SENSITIVITY, INFIDELITY, DELETION, INSERTION = "sensitivity_max", "infidelity", "deletion", "insertion"
ROAD, RANDOMISATION = "road", "randomisation"
SQUARE, NOISE = "square", "noise"
BLUR, MEAN = "blur", "mean"

FIELDS = {
    SENSITIVITY: ("radius", "sensitivity_samples", "seed"),
    INFIDELITY: ("perturbation", "infidelity_samples", "seed"),
    DELETION: ("baseline", "steps", "seed"),
    INSERTION: ("baseline", "steps", "seed"),
    ROAD: ("shares", "road_noise", "seed"),
    RANDOMISATION: ("randomisation_steps", "seed"),
}
BY_PERTURBATION = {SQUARE: ("largest_square", "baseline"), NOISE: ("radius",)}


class FaithfulnessSettings(Section):
    """The settings of all metrics."""

    metrics: Unique[Metric] = Field(
        default=["sensitivity_max", "infidelity", "deletion", "insertion", "road", "randomisation"],
        description="What is measured.",
        min_length=1,
    )
    radius: Annotated[float, Field(gt=0)] = Field(
        default=0.02, description="Noise of sensitivity, as a share of the range from black to white."
    )
    sensitivity_samples: Count = Field(default=10, description="Images with noise.")
    perturbation: Literal["square", "noise"] = Field(
        default="square", description="Infidelity: squares of the baseline, or noise."
    )
    infidelity_samples: Count = Field(default=100, description="Perturbed images of infidelity.")
    largest_square: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.35, description="Greatest side of a square, as a share of the image's."
    )
    baseline: Literal["blur", "mean"] = Field(
        default="blur", description="What takes the place of a pixel: the blurred image, or its mean colour."
    )
    blur: Annotated[float, Field(gt=0)] = Field(
        default=0.1, description="Standard deviation of the blur as a share of the image's side."
    )
    steps: Count = Field(default=20, description="Steps of insertion and deletion.")
    shares: list[Annotated[float, Field(gt=0, lt=1)]] = Field(
        default=[0.1, 0.3, 0.5, 0.7, 0.9], description="Shares of the pixels that ROAD imputes.", min_length=1
    )
    road_noise: Annotated[float, Field(ge=0)] = Field(
        default=0.01, description="Standard deviation of the noise on imputed pixels, as the network sees them."
    )
    randomisation_steps: Count = Field(default=5, description="Networks that the randomisation goes through.")
    seed: Seed = Field(default=0, description="Seed of noise, squares, randomised networks, ties and draws.")
    batch_size: Count = Field(default=32, description="Images per step; it changes the values by rounding only.")

    def used_by(self, metric: str) -> str:
        """Give as JSON the settings that the values of a metric depend on."""
        names = FIELDS[metric] + (BY_PERTURBATION[self.perturbation] if metric == INFIDELITY else ())
        if "baseline" in names and self.baseline == BLUR:
            names += ("blur",)
        return json.dumps({name: getattr(self, name) for name in names})


class Faithfulness(FaithfulnessSettings):
    """Measures of explanations that need no mask: what the network does where they say that it matters."""

    jobs: ClassVar = {
        **dict.fromkeys(("faithfulness", "faithfulness_shard"), ("confidence", "resamples", "measuring")),
        "faithfulness_figures": ("confidence", "resamples", "seed"),
    }

    models: list[str] | None = Field(default=None, description="Models, of those explained; default: all of them.")
    methods: list[str] | None = Field(
        default=None, description="Methods that are measured; default: all of `explain.methods`.", min_length=1
    )
    lime_sensitivity: bool = Field(
        default=False,
        description="Whether LIME (and RISE, if asked for) explains the images with noise too, so that its sensitivity "
        "is known: each image costs `sensitivity_samples` times LIME's `num_samples` predictions.",
    )
    shards: Shards = Field(
        default=1, description="Jobs that the images of a model are shared out to; the values do not depend on it."
    )
    confidence: Level = Field(default=0.95, description="Level of intervals and tests.")
    resamples: Annotated[int, Field(ge=10, le=DRAWS)] = Field(default=2000, description="Bootstrap draws over images.")

    @model_validator(mode="after")
    def _something(self) -> "Faithfulness":
        if self.lime_sensitivity and SENSITIVITY not in self.metrics:
            raise ValueError("`lime_sensitivity` is true and needs `sensitivity_max` among the `metrics`")
        return self

    @property
    def measuring(self) -> dict[str, Any]:
        """What measures depend on."""
        return self.pick(*FaithfulnessSettings.model_fields)
