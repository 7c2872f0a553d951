"""What the dry run says of planted units that cannot be scored, and what a job of theirs is given."""

import pytest
import yaml

from lucidag.config.jobs import job_settings
from lucidag.config.load import load_config
from lucidag.config.plan import Plan
from lucidag.ground.errors import InputError

WORDS = """
datasets:
  drawn: {source: scenes, number: 40}
models:
  net: {dataset: drawn, architecture: "lucidag.models.planted:make", train: {}, input: {size: 64}}
dissect: {layers: {net: [units]}, clip_dissect: null}
planted: {images: 3}
"""


def words(**sections) -> dict:
    return yaml.safe_load(WORDS) | sections


def test_what_a_job_is_given():
    plan = Plan(load_config(words(), "here.yaml"))
    assert plan.planted == ["net"]
    found = job_settings(plan, "planted_truth", {"model": "net"})
    assert found["images"] == 3
    assert [family["methods"] for family in found["families"]] == [["gradcam"], ["epsilon_plus_flat"]]
    assert found["families"][0]["options"]["layer"] == "units"
    assert set(job_settings(plan, "planted_scores", {"model": "net"})) == {"confidence", "resamples", "seed"}
    least = {"truth", "relevance", "regions", "units", "statistics", "activations"}
    assert set(plan.planted_inputs("net")) == least
    more = Plan(load_config(words(rof={}, units={}), "here.yaml")).planted_inputs("net")
    assert set(more) == least | {"effects", "roles", "ranking"}
    clip = {"clips": {"small": {"train": {"dataset": "drawn"}}}, "dissect": {"layers": {"net": ["units"]}}}
    found = Plan(load_config(words(units={}, **clip), "here.yaml")).planted_inputs("net")
    assert set(found) == least | {"effects", "images", "embeddings"}


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"dissect": None}, "needs the labels of layer 'units' of model 'net'"),
        ({"dissect": {"layers": {"net": ["fc"]}, "clip_dissect": None}}, "needs the labels of layer 'units'"),
        ({"planted": {"models": ["nett"]}}, r"planted.models: model 'nett' does not exist \(did you mean 'net'\?\)"),
    ],
)
def test_what_is_lacking_is_told(sections, said):
    with pytest.raises(InputError, match=said):
        load_config(words(**sections), "here.yaml")


def test_another_network_has_no_planted_units():
    other = words()
    other["models"]["net"]["architecture"] = "resnet18"
    with pytest.raises(InputError, match=r"no model has the architecture 'lucidag\.models\.planted:make'"):
        load_config(other, "here.yaml")
    other["planted"] = {"models": ["net"]}
    with pytest.raises(InputError, match="is not a network of"):
        load_config(other, "here.yaml")


@pytest.mark.parametrize(
    ("section", "settings", "said"),
    [
        (
            "datasets.drawn",
            {"size": 32},
            r"datasets\.drawn\.size: found 32; .* 64 pixels, and these are its probe set",
        ),
        ("models.net.input", {"size": 32}, r"models\.net\.input\.size: found 32; .* for images of 64 x 64 pixels"),
        ("models.net.input", {"resize": "crop"}, r"models\.net\.input\.resize: found 'crop'; .* no margin to cut off"),
    ],
)
def test_images_that_units_are_not_planted_for_are_refused(section, settings, said):
    other = words()
    place = other
    for key in section.split("."):
        place = place[key]
    place.update(settings)
    with pytest.raises(InputError, match=said) as error:
        load_config(other, "here.yaml")
    assert len(error.value.lines) == 1


def test_images_of_another_size_are_stretched_where_they_are_no_probe_set():
    other = words(dissect={"probe": "probe", "layers": {"net": ["units"]}, "clip_dissect": None})
    other["datasets"] |= {"drawn": {"source": "scenes", "size": 96}, "probe": {"source": "scenes"}}
    assert load_config(other, "here.yaml").planted is not None
