"""What a configuration file may say about how faithful explanations are."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from lucidag.config.explain import CamMethod
from lucidag.config.relevance import Composite
from lucidag.ground.section import Count, Level, Section, Seed, Shards, Unique

Metric = Literal["sensitivity_max", "infidelity", "deletion", "insertion", "road", "randomisation"]


class Faithfulness(Section):
    """Measures of explanations that need no mask: what the network does where they say that it matters."""

    jobs: ClassVar = {
        **dict.fromkeys(
            ("faithfulness", "faithfulness_shard"), ("cam", "composites", "confidence", "resamples", "measuring")
        ),
        "faithfulness_figures": ("confidence",),
    }

    models: list[str] | None = Field(default=None, description="Models, of those explained; default: all of them.")
    cam: Unique[CamMethod] = Field(default=["gradcam"], description="Class activation maps that are measured.")
    composites: Unique[Composite] = Field(default=["epsilon_plus_flat"], description="Relevance that is measured.")
    lime: bool = Field(
        default=True,
        description="Whether LIME's maps are measured, where there are any; by what needs no new explanation.",
    )
    lime_sensitivity: bool = Field(
        default=False,
        description="Whether LIME explains the images with noise too, so that its sensitivity is known: each image "
        "costs `sensitivity_samples` times LIME's `num_samples` predictions.",
    )
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
    baseline: Literal["blur", "mean"] = Field(default="blur", description="What takes the place of a pixel.")
    steps: Count = Field(default=20, description="Steps of insertion and deletion.")
    shares: list[Annotated[float, Field(gt=0, lt=1)]] = Field(
        default=[0.1, 0.3, 0.5, 0.7, 0.9], description="Shares of the pixels that ROAD imputes.", min_length=1
    )
    randomisation_steps: Count = Field(default=5, description="Networks that the randomisation goes through.")
    batch_size: Count = Field(default=32, description="Images a step.")
    shards: Shards = Field(
        default=1, description="Jobs that the images of a model are shared out to; the values do not depend on it."
    )
    confidence: Level = Field(default=0.95, description="Level of intervals and tests.")
    resamples: Annotated[int, Field(ge=10)] = Field(default=2000, description="Bootstrap draws over images.")
    seed: Seed = Field(default=0, description="Seed of noise, squares, randomised networks, ties and draws.")

    @model_validator(mode="after")
    def _something(self) -> "Faithfulness":
        if not self.cam and not self.composites and not self.lime:
            raise ValueError("`cam` and `composites` are empty and `lime` is false, so there is nothing to measure")
        if self.lime_sensitivity and not self.lime:
            raise ValueError("`lime_sensitivity` is true and needs `lime: true`")
        if self.lime_sensitivity and "sensitivity_max" not in self.metrics:
            raise ValueError("`lime_sensitivity` is true and needs `sensitivity_max` among the `metrics`")
        return self

    @property
    def measuring(self) -> dict[str, Any]:
        """What measures depend on."""
        return self.pick(*MEASURING)


MEASURING = (
    "metrics",
    "radius",
    "sensitivity_samples",
    "perturbation",
    "infidelity_samples",
    "largest_square",
    "baseline",
    "steps",
    "shares",
    "randomisation_steps",
    "seed",
    "batch_size",
)
