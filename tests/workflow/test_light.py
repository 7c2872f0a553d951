"""Rules that read tables or draw figures never load torch, and every rule is made alike."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from lucidag.ground.provenance import CodeIndex
from lucidag.report.verify import PASSING

pytestmark = pytest.mark.workflow

HEAVY = {"torch", "torchvision"}
# zennit is installed with torch, even where only its colour maps are used, which do not import it.
BRING_TORCH = HEAVY | {"zennit"}
# Rules with a single job.
SINGLE = {"notebook", "compare_models", "compare_factors", "planted_summary", "figures_planted", "claims", "atlas"}
LOOP = r"^for .*:\n((?:\n|    .*\n)+)"
# What open_clip loads, and zennit's canonizers for torchvision's networks, which results are compared with.
BRING_TORCHVISION = {"clip_train", "clip_embed", "unit_search", "explanation_checks"}
# What takes as long to import as pandas, or longer: the scripts of tables that use it in every job.
SELDOM = {
    "scipy.stats": {
        "artefact_audit",
        "dissect_labels",
        "evaluate",  # by scikit-learn
    },
    "sklearn": {"artefact_audit", "evaluate"},
    "matplotlib.pyplot": set(),
    "matplotlib": {"explanation_images"},
}
# Imports what each script imports, one script after the other, and tells after which one a package was there.
IMPORTER = """
import ast, importlib, json, sys
guilty, unwanted = [], sys.argv[1]
for script in sys.argv[2:]:
    for node in ast.parse(open(script, encoding="utf-8").read()).body:
        names = [node.module] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            importlib.import_module(name)
    if unwanted in sys.modules and not guilty:
        guilty.append(script)
print(json.dumps({"guilty": guilty, "loaded": sorted(name for name in sys.modules if name.startswith("lucidag."))}))
"""


def rules(root: Path) -> dict[str, str]:
    """Give the text of every rule; snakefmt holds their layout."""
    text = "\n".join((root / file).read_text() for file in ["Snakefile", *sorted((root / "rules").glob("*.smk"))])
    text = re.sub(LOOP, lambda loop: _named(dedent(loop[1])), text, flags=re.MULTILINE)
    parts = re.split(r"^rule (\w+):$", text, flags=re.MULTILINE)[1:]
    # A rule ends where a line begins at the left again.
    return {
        name: re.split(r"^\S", body, flags=re.MULTILINE)[0] for name, body in zip(parts[::2], parts[1::2], strict=True)
    }


def _named(rule: str) -> str:
    """Name the rule that a loop makes several of: as the first of them, or `data_each`, one for each source."""
    first = re.search(r"^    name:\n.* \"(\w+)\"$", rule, flags=re.MULTILINE)
    return rule.replace("rule:\n", f"rule {first[1] if first else 'data_each'}:\n")


def directives(body: str) -> set[str]:
    return set(re.findall(r"^    (\w+):", body, flags=re.MULTILINE))


def scripts(root: Path, environment: str) -> set[str]:
    """Give the scripts of the rules that run in an environment."""
    bodies = [body for body in rules(root).values() if f'"../envs/{environment}.yaml"' in body]
    return {re.findall(r'"\.\./workflow/scripts/(\w+)\.py"', body)[0] for body in bodies}


def test_every_rule_with_outputs_is_made_alike(root: Path) -> None:
    working = {name: body for name, body in rules(root).items() if "output" in directives(body)}
    assert len(working) > 10
    assert "data_each" in working
    for name, body in working.items():
        script = "data" if name == "data_each" else name
        missing = {"output", "log", "conda", "params", "script"} - directives(body)
        assert not missing, f"rule {name} has no {', '.join(sorted(missing))}"
        (params,) = re.findall(r"^    params:\n        (.*)$", body, flags=re.MULTILINE)
        # The fingerprint must be that of the script that runs.
        assert re.fullmatch(rf'\*\*made_by\("{script}"(, "\w+")?(, batch=BATCH)?\),', params), f"rule {name}: {params}"
        assert f'"../workflow/scripts/{script}.py"' in body
        # A log is told apart by what tells the outputs apart.
        own = body[body.index("    output:") : body.index("    conda:")]
        found = [set(re.findall(r"\{\{(\w+)\}\}", part)) for part in re.findall(r'f"\{R\}/[^"]*"', own)]
        found += [{wildcard} for wildcard in re.findall(r'\*\*plan\.data_outputs\(.*"\{(\w+)\}"\)', own)]
        found += [set(re.findall(r"\{(\w+)\}", part)) for part in re.findall(r'\bfigure\(\s*"([^"]*)"', own)]
        assert len(found) >= 2
        assert all(wildcards == found[0] for wildcards in found), f"rule {name}: {found}"
        assert found[0] or name in SINGLE, f"rule {name}: {found}"


def test_rules_run_scripts_only(root: Path) -> None:
    for name, body in rules(root).items():
        assert not directives(body) & {"shell", "run", "notebook", "wrapper", "cwl"}, name
        assert ("script" in directives(body)) == ("output" in directives(body) or name == "verify"), name


def test_what_is_removed_once_it_is_joined_is_of_shards(root: Path) -> None:
    """So that verification knows by the name of a rule that its outputs may be gone."""
    passing = {name for name, body in rules(root).items() if "temp(" in body}
    assert len(passing) >= 3
    assert passing == {name for name in rules(root) if name.endswith(PASSING)}


def test_every_script_belongs_to_one_rule(root: Path) -> None:
    files = {file.stem for file in (root / "workflow" / "scripts").glob("*.py")}
    tables, torch = scripts(root, "tables"), scripts(root, "torch")
    assert tables | torch == files
    assert tables & torch == set()


def test_no_light_script_loads_torch(root: Path) -> None:
    files = [f"workflow/scripts/{name}.py" for name in sorted(scripts(root, "tables"))]
    done = subprocess.run(
        [sys.executable, "-c", IMPORTER, "torch", *files], cwd=root, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert found["guilty"] == []
    # Something was imported at all.
    assert {"lucidag.ground.job", "lucidag.rof.tables", "lucidag.figures.style"} <= set(found["loaded"])


@pytest.mark.parametrize("package", SELDOM)
def test_light_scripts_load_a_heavy_package_only_where_they_use_it(root: Path, package: str) -> None:
    """A short job may spend more time on imports than on its work."""
    names = scripts(root, "tables") - SELDOM[package]
    if package == "matplotlib":
        names = {name for name in names if not name.startswith("figures_")}
    files = [f"workflow/scripts/{name}.py" for name in sorted(names)]
    assert len(files) > 10
    done = subprocess.run(
        [sys.executable, "-c", IMPORTER, package, *files], cwd=root, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["guilty"] == []


def test_scripts_load_torchvision_only_where_they_always_use_it(root: Path) -> None:
    """It takes as long as torch itself; what only some networks or images need is imported where they need it."""
    files = [f"workflow/scripts/{name}.py" for name in sorted(scripts(root, "torch") - BRING_TORCHVISION)]
    assert len(files) > 10
    done = subprocess.run(
        [sys.executable, "-c", IMPORTER, "torchvision", *files], cwd=root, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["guilty"] == []


def test_every_start_of_snakemake_is_light(root: Path) -> None:
    """What rules/common.smk imports is imported by every dry run and once more by every job."""
    text = (root / "rules" / "common.smk").read_text()
    modules = re.findall(r"^from (lucidag[\w.]*) import", text, flags=re.MULTILINE)
    assert "lucidag.config.checked" in modules
    code = f"import sys, {', '.join(modules)}; print([m for m in ('numpy', 'pandas', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_scripts_that_reach_torch_are_those_of_its_environment(root: Path) -> None:
    code = CodeIndex((root,))
    files = sorted((root / "workflow" / "scripts").glob("*.py"))
    heavy = {file.stem for file in files if BRING_TORCH & set(code.fingerprint(file))}
    assert heavy == scripts(root, "torch")


def test_the_library_knows_nothing_of_snakemake(root: Path) -> None:
    for file in (root / "lucidag").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] == "snakemake"], file
