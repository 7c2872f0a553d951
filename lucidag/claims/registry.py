"""The measures that a claim may name: a measure is a class with its name, and a line here."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args

from pydantic import Field

from lucidag.claims.measure import Measure
from lucidag.claims.measures import artefacts, curves, dissection, elsewhere, explanations, published, training

KINDS: tuple[type[Measure], ...] = (
    *(training.Accuracy, training.Images),
    *(curves.CurveValue, curves.CurveBest, curves.OverRandom, curves.RoleShare, curves.RolesAndGap),
    *(published.UnitsListed, published.UniqueLabels, published.LabelUnits, published.Repeated),
    *(published.OnlyIn, published.SharedTop, published.LabelsMore),
    *(dissection.Redundant, dissection.DeeperMore, dissection.RanksClean),
    *(explanations.Agreement, explanations.Spread, explanations.ClearAgree, explanations.Localisation),
    *(explanations.Faithfulness, explanations.Predictions),
    explanations.PassesOfLime,
    *(artefacts.FinderGrade, artefacts.Found, artefacts.WithoutLooking, artefacts.ArtefactEffect),
    *(elsewhere.ByTest, elsewhere.Unmeasured),
)


def name_of(kind: type[Measure]) -> str:
    """Return the name by which claims call a measure."""
    (name,) = get_args(kind.model_fields["name"].annotation)
    return str(name)


MEASURES: Mapping[str, type[Measure]] = {name_of(kind): kind for kind in KINDS}


def _any(kinds: tuple[type[Measure], ...]) -> Any:  # noqa: ANN401 (an annotation)
    return Annotated[Union[kinds], Field(discriminator="name")]  # noqa: UP007 (of a variable length)


if TYPE_CHECKING:
    AnyMeasure = Measure
else:
    AnyMeasure = _any(KINDS)
