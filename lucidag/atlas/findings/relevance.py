"""The units that single decisions rest on."""

from collections.abc import Iterator

from lucidag.atlas.findings.finding import Analysis, Evidence, Finding
from lucidag.atlas.findings.words import percent
from lucidag.ground.tensors import read_tensors


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Say of each decision with a concept atlas which unit carries most of it, against all carrying the same."""
    results = evidence.results
    for model in results.named_folders("relevance"):
        for image in results.named(f"relevance/{model}/crp/{{}}.safetensors"):
            if image == "references":
                continue
            file = f"relevance/{model}/crp/{image}.safetensors"
            with read_tensors(results.path(file), "the units of a decision") as (_, known):
                record, units = known["record"], known["units"]
            if not units:
                continue
            first, layer = units[0], record["layer"]
            control = f"as much for each of {record['units']} units: {percent(1 / record['units'])}"
            yield Finding(
                "relevance",
                image,
                f"The decision of {model} for {record['target_name']} on {image} rests most on unit {first['unit']} of "
                f"{layer}, with {percent(first['share'])} of the relevance ({control}; one image, so no interval).",
                (model,),
                first["share"],
                control=control,
                links=((f"#image={image}", image), (f"#unit={model}/{layer}/{first['unit']}", f"unit {first['unit']}")),
                evidence=((file, {"unit": first["unit"]}),),
            )


ANALYSIS = Analysis(
    "relevance",
    "Relevance of units",
    "Which units a single decision rests on.",
    "relevance/{}/crp/references.safetensors",
    findings,
)
