"""Configurations: those that ship, changed in words and in bytes, read as the workflow reads them."""

import base64
import copy
import random
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from snakemake.common.configfile import load_configfile
from snakemake_interface_common.exceptions import WorkflowError

from lucidag.config.checked import read
from lucidag.config.faults import Faults
from lucidag.ground.errors import InputError
from tests.campaigns.harness import Campaign
from tests.campaigns.mutate import WORDS, damaged

ROOT = Path(__file__).parents[2]
FILE = "input.yaml"
NUMBERS = (-1, 0, 1, 2, 3.5, 1e9, 10**9, 10**18, 2**63, -(2**63), 1e308, 5e-324, float("nan"), float("inf"), True)
PIECES = (
    "&a [*a]",
    "&a {a: *a}",
    "2026-11-29",
    "2026-11-29T00:00:00Z",
    "!!binary " + base64.b64encode(b"abc").decode(),
    "!!set {a, b}",
    "!!omap [a: 1]",
    "!!python/object/apply:os.system ['touch ../canary']",
    "!!python/name:os.system",
    "!!python/object/new:subprocess.Popen [['touch', '../canary']]",
    "!unknown x",
    "{? [a, b] : c}",
    "{1: a, true: b, null: c}",
    "[" * 60 + "]" * 60,
    "[" * 3000 + "]" * 3000,
    "{a: " * 500 + "1" + "}" * 500,
    "&x0 [l,l,l,l,l,l,l,l,l]",
    ".nan",
    ".inf",
    "0o17",
    "1:30:00",
    "<<",
    "=",
)


def make(rng: random.Random) -> str:
    """Write a configuration."""
    name = rng.choice(sorted(_shipped()))
    kind = rng.choice((_words, _words, _words, _words, _bytes, _pieces, _laughs))
    Path(FILE).write_bytes(kind(rng, name))
    return f"{name}: {kind.__name__.strip('_')}"


def use() -> None:
    """Read it as the workflow does, up to where networks would be looked at."""
    try:
        words = load_configfile(FILE)
    except WorkflowError as error:  # Snakemake's own sentence, which no code of ours sees
        raise InputError(f"{FILE}: {' '.join(str(error).split())[:300]}") from error
    except (UnicodeDecodeError, RecursionError, ValueError) as error:  # which Snakemake shows as it is
        raise InputError(f"{FILE}: {type(error).__name__}") from error
    faults = Faults()
    plan = read(faults, words, [FILE], FILE, keep=False)
    faults.stop()
    for asked in (
        "explained",
        "layers",
        "dossiers",
        "families_of_models",
        "trained",
        "examined",
        "pairs",
        "unit_models",
    ):
        getattr(plan, asked)


@cache
def _shipped() -> dict[str, Any]:
    """Read the configurations whose data is made here, by name, and a small one with every section."""
    found = {}
    for file in sorted((ROOT / "config").glob("*.yaml")):
        words = yaml.safe_load(file.read_text(encoding="utf-8"))
        sources = {each.get("source") for each in words.get("datasets", {}).values()}
        if sources and sources <= {"digits", "lesions", "scenes"}:  # a file of claims has none
            found[file.stem] = words
    return found


def _places(words: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = words.items() if isinstance(words, Mapping) else enumerate(words) if isinstance(words, list) else ()
    return [path, *(place for key, value in items for place in _places(value, (*path, key)))]


def _inside(words: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        words = words[part]
    return words


def _words(rng: random.Random, name: str) -> bytes:
    words = copy.deepcopy(_shipped()[name])
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        places = _places(words)[1:]
        if not places:
            break
        *above, last = rng.choice(places)
        at = _inside(words, tuple(above))
        odd = rng.choice((rng.choice(NUMBERS), rng.choice(WORDS), None, [], {}, [1, [2]], {"a": {"b": 1}}))
        chance = rng.random()
        if chance < 0.55:
            at[last] = odd
        elif chance < 0.65:
            del at[last]
        elif isinstance(at, dict) and chance < 0.8:
            at[rng.choice(WORDS)] = at.pop(last)
        elif isinstance(at, dict) and chance < 0.9:
            at[rng.choice((*WORDS, 1, None, True, 2.5))] = odd
        else:  # another part of the file
            at[last] = copy.deepcopy(_inside(words, rng.choice(places[: max(1, len(places) - 1)]) if places else ()))
    return yaml.safe_dump(words, sort_keys=False, allow_unicode=rng.random() < 0.5).encode("utf-8", "replace")


def _bytes(rng: random.Random, name: str) -> bytes:
    return damaged((ROOT / "config" / f"{name}.yaml").read_bytes(), rng)[0]


def _pieces(rng: random.Random, name: str) -> bytes:
    """Put a piece of YAML in the place of a value, as text."""
    words = copy.deepcopy(_shipped()[name])
    places = [place for place in _places(words)[1:] if not isinstance(_inside(words, place), dict | list)]
    *above, last = rng.choice(places)
    _inside(words, tuple(above))[last] = "PIECE"
    if rng.random() < 0.3:
        model = rng.choice(list(words["models"]))
        if isinstance(words["models"][model], dict):
            words["models"][model]["options"] = {"odd": "PIECE"}
    return yaml.safe_dump(words, sort_keys=False).replace("PIECE", rng.choice(PIECES)).encode()


def _laughs(rng: random.Random, name: str) -> bytes:
    """Write aliases of aliases: little text, and very much of it."""
    levels, each = rng.choice(((9, 9), (25, 2), (4, 50)))
    lines = ["l0: &l0 [lol]"]
    lines += [f"l{level}: &l{level} [{', '.join([f'*l{level - 1}'] * each)}]" for level in range(1, levels + 1)]
    text = yaml.safe_dump(_shipped()[name], sort_keys=False)
    where = rng.choice(("    options: {x: *LAST}\n", "    classes: *LAST\n", "    seeds: *LAST\n"))
    for model in _shipped()[name]["models"]:
        text = text.replace(f"  {model}:\n", f"  {model}:\n{where.replace('LAST', f'l{levels}')}", 1)
    return "\n".join([*lines, text]).encode()


CAMPAIGN = Campaign("configurations", make, use, sentences=True)
