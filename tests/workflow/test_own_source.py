"""A data source is one file: with one line in the registry, or as a module of the user's own."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from tests.workflow.conftest import jobs_in
from tests.workflow.mistakes import assert_one_line, write

pytestmark = pytest.mark.workflow

STRIPES = '''\
"""Stripes, upright or lying: a source in one file."""

from pydantic import Field

from lucidag.data.source import DataSource, Source, Splits
from lucidag.ground.section import Count


class Stripes(DataSource):
    """Drawn stripes of one width."""

    number: Count = Field(default=20, description="Images to draw.")
    width: Count = Field(default=2, description="Width of a stripe in pixels.")
    splits: Splits = Field(default=Splits(), description="Shares of the splits.")

    def load(self) -> Source:
        """Draw them."""
        import numpy as np
        import pandas as pd

        from lucidag.data.splits import assign

        lying = np.repeat(np.arange(16)[:, None] // self.width % 2, 16, axis=1).astype(np.uint8) * 255
        images = np.stack([(lying, lying.T)[row % 2] for row in range(self.number)])[..., None]
        labels = [("lying", "upright")[row % 2] for row in range(self.number)]
        split = assign(labels, self.splits.model_dump(), self.seed)
        ids = [f"stripe-{row}" for row in range(self.number)]
        return Source(pd.DataFrame({"image": ids, "label": labels, "split": split}), ("lying", "upright"), images)
'''
LINE = '    "stripes": "lucidag.data.sources.stripes:Stripes",\n'
NETWORK = {
    "dataset": "d",
    "architecture": "lucidag.models.small:small_cnn",
    "options": {"channels": 1, "width": 4},
    "input": {"size": 16, "channels": 1},
    "train": {"epochs": 1},
}
TARGET = "results/data/d/manifest.csv"
# How the source is named, its module, its rule.
WAYS = {
    "registered": ("stripes", "lucidag/data/sources/stripes.py", "data_stripes"),
    "own": ("mine.stripes:Stripes", "mine/stripes.py", "data_mine_stripes_Stripes"),
}


def code_of(folder: Path) -> dict[str, str]:
    """Give the text of every file of the project that is no image."""
    files = [file for file in folder.rglob("*") if file.suffix in (".py", ".smk", ".yaml", ".json", ".md")]
    return {str(file.relative_to(folder)): file.read_text() for file in files}


@pytest.fixture(scope="module", params=["registered", pytest.param("own", marks=pytest.mark.long)])
def added(request: pytest.FixtureRequest, project: Callable[[], Path]) -> tuple[Path, str, str, str]:
    """Return a project with the source, how it is named, its file, and its rule."""
    folder, (source, file, rule) = project(), WAYS[request.param]
    before = code_of(folder)
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(STRIPES)
    registry = folder / "lucidag" / "data" / "registry.py"
    if request.param == "registered":
        registry.write_text(registry.read_text().replace("SOURCES = {\n", "SOURCES = {\n" + LINE))
    after = code_of(folder)
    assert set(after) - set(before) == {file}
    changed = [name for name in before if after[name] != before[name]]
    assert changed == (["lucidag/data/registry.py"] if request.param == "registered" else [])
    assert all(after[name] == before[name].replace("SOURCES = {\n", "SOURCES = {\n" + LINE) for name in changed)
    return folder, source, file, rule


def configured(folder: Path, name: str, **section: object) -> str:
    """Write a configuration with the source, and return its file."""
    return write(folder, name, {"datasets": {"d": section}, "models": {"m": NETWORK}})


def test_the_job_makes_what_the_source_draws_and_is_stale_when_the_file_changes(added, snakemake) -> None:
    folder, source, file, rule = added
    config = configured(folder, "stripes", source=source, number=12, width=4, min_group=3)

    def planned(target: str) -> list[str]:
        return list(jobs_in(snakemake(folder, target, "--dry-run", "--configfile", config).stdout))

    assert set(planned("all")) >= {rule, "train", "figures_data"}
    assert planned(TARGET) == [rule]
    snakemake(folder, TARGET, "--cores", "1", "--configfile", config)
    made = folder / "results" / "data" / "d"
    images = load_file(made / "images.safetensors")["images"]
    assert images.shape == (12, 16, 16, 1)
    # Four rows of 0, four of 255, and so on; the next image is turned.
    assert images[0, :, 5, 0].tolist() == [*[0] * 4, *[255] * 4] * 2
    assert np.array_equal(images[1, :, :, 0], images[0, :, :, 0].T)
    table = pd.read_csv(made / "manifest.csv")
    assert table["label"].tolist() == ["lying", "upright"] * 6
    assert json.loads((made / "dataset.json").read_text())["classes"] == ["lying", "upright"]

    assert planned(TARGET) == []
    configured(folder, "stripes", source=source, number=12, width=4, min_group=4)  # not what the job reads
    assert planned(TARGET) == []
    (folder / file).write_text(STRIPES.replace("* 255", "* 254"))
    assert planned(TARGET) == [rule]
    (folder / file).write_text(STRIPES)
    configured(folder, "stripes", source=source, number=12, width=2)
    assert planned(TARGET) == [rule]


def test_a_typo_in_its_section_stops_the_dry_run(added, snakemake) -> None:
    folder, source, *_ = added
    for section, parts in (
        ({"widht": 3}, ["datasets.d.widht", "did you mean 'width'?"]),
        ({"width": 0}, ["datasets.d.width", "found 0"]),
    ):
        config = configured(folder, "typo", source=source, **section)
        assert_one_line(snakemake(folder, "--dry-run", "--configfile", config, check=False), config, parts)


def test_a_typo_in_its_name_or_its_code_stops_the_dry_run(project, snakemake) -> None:
    folder = project()
    (folder / "stripes.py").write_text(STRIPES)
    (folder / "typo.py").write_text(STRIPES.replace("DataSource):", "DatSource):"))
    for source, parts in (
        ("stripes:Stripe", ["datasets.d.source", "'stripes' has no class 'Stripe'", "did you mean 'Stripes'?"]),
        ("typo:Stripes", ["datasets.d.source", "'typo' cannot be imported", "NameError", "DatSource"]),
    ):
        config = configured(folder, "named", source=source)
        assert_one_line(snakemake(folder, "--dry-run", "--configfile", config, check=False), config, parts)
