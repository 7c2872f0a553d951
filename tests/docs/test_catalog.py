"""What the Snakemake workflow catalog takes from this repository: where it looks, and what it can show."""

import re
from pathlib import Path

import yaml

from lucidag.config.load import load_config
from lucidag.config.schema import Config


def test_the_files_are_where_the_catalog_looks(root: Path) -> None:
    for name in ("README.md", "LICENSE", "workflow/Snakefile", "config/README.md", "config/config.yaml"):
        assert (root / name).is_file(), name
    assert {"snakemake", "workflow"} <= set(re.findall(r"\w+", (root / "README.md").read_text().lower()))


def test_the_keys_are_the_catalogs(root: Path) -> None:
    words = yaml.safe_load((root / ".snakemake-workflow-catalog.yml").read_text())
    assert set(words) == {"usage"}
    assert set(words["usage"]) <= {"mandatory-flags", "software-stack-deployment", "report"}
    assert set(words["usage"]["mandatory-flags"]) == {"desc", "flags"}
    ways = words["usage"]["software-stack-deployment"]
    assert set(ways) <= {"conda", "apptainer", "apptainer+conda"}
    assert all(isinstance(value, bool) for value in [*ways.values(), words["usage"]["report"]])
    files = [*(root / "rules").glob("*.smk")]
    assert ways["conda"] == all("conda:" in text for file in files if "script:" in (text := file.read_text()))
    assert ways.get("apptainer", False) == any("container:" in file.read_text() for file in files)


def test_the_instructions_stand_alone(root: Path) -> None:
    """They are shown on a page of the catalog, where a link into the repository leads nowhere."""
    page = (root / "config/README.md").read_text()
    prose = re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)
    assert not re.findall(r"\]\((?!https?:)", prose)
    assert len(re.findall(r"^# ", prose, re.MULTILINE)) == 1


def test_the_instructions_name_every_section_and_file(root: Path) -> None:
    page = (root / "config/README.md").read_text()
    rows = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    assert {row for row in rows if not row.endswith(".yaml")} == set(Config.model_fields)
    assert {row for row in rows if row.endswith(".yaml")} == {file.name for file in (root / "config").glob("*.yaml")}
    (block,) = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    load_config(yaml.safe_load(block), "config/README.md")
