"""What the profiles for clusters say about the rules; no cluster is needed."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml


@pytest.fixture(scope="module")
def rules(root: Path) -> dict[str, str]:
    """Return the text of every rule."""
    text = "".join(file.read_text() for file in sorted((root / "rules").glob("*.smk")))
    blocks = re.split(r"^(?=rule \w+:$)", text, flags=re.MULTILINE)[1:]
    computed = re.findall(r"^        name:\n.* \"(\w+)\"$", text, flags=re.MULTILINE)
    return dict.fromkeys(computed, "") | {block.split(":")[0].removeprefix("rule "): block for block in blocks}


@pytest.fixture(scope="module")
def profile(root: Path) -> dict:
    """Return the profile for Slurm."""
    return yaml.safe_load((root / "profiles" / "slurm" / "profile.v9+.yaml").read_text())


def test_rules_that_ask_for_a_gpu_say_their_memory_and_time(root: Path, rules: dict[str, str]) -> None:
    asking = {
        name for name, text in rules.items() if re.search(r"^        \*\*heavy\(\d+(, gpu=1)?\),$", text, re.MULTILINE)
    }
    assert len(asking) >= 16
    assert not re.search(r"^        gpu", "".join(rules.values()), re.MULTILINE)  # in no other way
    helper = (root / "rules" / "common.smk").read_text().partition("def heavy(")[2].partition("\n\n")[0]
    assert 'return {"gpu": gpu, "mem_mb": growing(8000), "runtime": growing(minutes)}' in helper


def test_groups_are_of_rules_that_there_are_and_hold_every_figure(rules: dict[str, str], profile: dict) -> None:
    groups = dict(entry.split("=") for entry in profile["groups"])
    # Rules of models that different methods explain end in a number.
    assert {re.sub(r"_\d+$", "", name) for name in groups} <= set(rules)
    drawn = {name for name, text in rules.items() if name.startswith("figures_") and "**heavy(" not in text}
    assert {re.sub(r"_\d+$", "", name) for name, group in groups.items() if group == "figures"} == drawn
    assert {entry.split("=")[0] for entry in profile["group-components"]} == {"figures"}


@pytest.mark.workflow
def test_no_group_of_the_default_configuration_waits_for_itself(root: Path, tmp_path: Path, python: Path) -> None:
    words = ["-n", "--quiet", "--profile", f"{root}/profiles/slurm", "--snakefile", f"{root}/Snakefile"]
    configured = ["--configfile", f"{root}/config/config.yaml"]
    done = subprocess.run(
        [python, "-m", "snakemake", *words, *configured],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
