"""All analyses whose results are put into sentences, in the order of the page."""

from lucidag.atlas.findings import (
    artefacts,
    concepts,
    data,
    effects,
    experiments,
    explanations,
    faithfulness,
    function,
    generalisation,
    localisation,
    models,
    planted,
    relevance,
    shortcuts,
    told,
)
from lucidag.atlas.findings.finding import Analysis

ANALYSES: tuple[Analysis, ...] = (
    models.ANALYSIS,
    effects.ANALYSIS,
    concepts.ANALYSIS,
    function.ANALYSIS,
    explanations.ANALYSIS,
    localisation.ANALYSIS,
    faithfulness.ANALYSIS,
    relevance.ANALYSIS,
    shortcuts.ANALYSIS,
    artefacts.ANALYSIS,
    told.DISCOVER,
    told.PROPOSALS,
    told.REPAIR,
    generalisation.ANALYSIS,
    experiments.ANALYSIS,
    planted.ANALYSIS,
    data.ANALYSIS,
)
